import { loadNative } from '../runtime/optional-packages.ts'

export const loadArgon2 = async () => await loadNative('@node-rs/argon2', async () => await import('@node-rs/argon2'))

/** For hashes imported from other systems. */
export const loadBcrypt = async () => await loadNative('@node-rs/bcrypt', async () => await import('@node-rs/bcrypt'))
