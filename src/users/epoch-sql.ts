// 2020-01-01: an `int` then lasts until 2088
const START = 1_577_836_800

/**
 * The next epoch, which was never used before. It counts seconds, so it is higher than any issued by a database that has since been
 * restored from a backup: tokens from the lost period must not be valid again.
 */
export const nextEpoch = (epoch: string) => `greatest(${epoch} + 1, floor(extract(epoch FROM now()))::int - ${START})`
