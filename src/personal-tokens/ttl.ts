const DAY = 86_400

/** Seconds that a personal access token may live; a year unless told otherwise, as in Passport. */
export const PERSONAL_TOKEN_TTL = { usual: 365 * DAY, min: 60, max: 3650 * DAY }
