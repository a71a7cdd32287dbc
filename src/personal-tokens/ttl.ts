const DAY = 86_400

/** Lifetimes of a personal access token in seconds; the default of a year is that of Passport. */
export const PERSONAL_TOKEN_TTL = { usual: 365 * DAY, min: 60, max: 3650 * DAY }
