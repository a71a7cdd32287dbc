export const MAX_SLUG = 64
/** The name of a client in the paths of its proxy routes. */
export const SLUG = new RegExp(`^[a-z0-9-]{1,${MAX_SLUG}}$`)
