// 2020-01-01: an `int` then lasts until 2088
const START = 1_577_836_800

/**
 * The epoch after one, never one that has been: counted in seconds, it is higher than what a database has given out that was
 * put back to a backup since. Tokens of that lost time must not pass as new ones.
 */
export const nextEpoch = (epoch: string) => `greatest(${epoch} + 1, floor(extract(epoch FROM now()))::int - ${START})`
