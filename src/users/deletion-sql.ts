/** Seconds for which a user who has asked for deletion may change their mind. */
export const GRACE = 14 * 86_400

/** Seconds for which nobody else gets an identifier that its user has given up. */
export const RELEASED = 30 * 86_400

const grace = `interval '${GRACE} seconds'`

/** Of a user `u`: neither disabled nor waiting for the deletion. Everything that a user does while logged in asks this. */
export const mayLogIn = 'u.disabled_at IS NULL AND u.deletion_requested_at IS NULL'
/** Of a user `u` who has asked for deletion. */
export const isLeaving = 'u.deletion_requested_at IS NOT NULL'
/** Of a user `u`: when the account will be deleted. */
export const deletesAt = `u.deletion_requested_at + ${grace}`
/** Of a user `u` who has asked for deletion: the days of grace are not over. */
export const isRestorable = `u.deletion_requested_at > now() - ${grace}`
/** Of a user `u`: the days of grace are over. */
export const isDue = `u.deletion_requested_at <= now() - ${grace}`
