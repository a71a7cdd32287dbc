/**
 * What determines how long verifying a stored hash takes: the hash without salt and digest, such as `$2y$12$*`. The database has an index
 * on the same expression.
 */
export function schemeOf (hash: string): string {
  return hash.slice(0, 300).replace(/[./A-Za-z0-9+]{10,}/g, '*').slice(0, 100)
}

const ARGON2 = /^\$argon2(id|i|d)\$v=\d+\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]{11,}\$[A-Za-z0-9+/]{16,}$/
// Written by Laravel, Devise and others ($2a$, $2b$, $2y$)
const BCRYPT = /^\$2[abxy]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$/
// Version, cost and salt of bcrypt, followed by argon2id over its digest
const WRAPPED = /^(\$2b\$(?:0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{22})(\$argon2id\$.+)$/

export const isArgon2 = (hash: string): boolean => ARGON2.test(hash)
export const isBcrypt = (hash: string): boolean => BCRYPT.test(hash)

/** The bcrypt settings, and the argon2id hash of the bcrypt digest; null for other hashes. */
export function wrappedParts (hash: string): { settings: string, argon2: string } | null {
  const [, settings, argon2] = WRAPPED.exec(hash) ?? []
  return settings !== undefined && argon2 !== undefined && isArgon2(argon2) ? { settings, argon2 } : null
}

/** What verifying a scheme computes, in this order; null for an unknown scheme. */
export function costOf (
  scheme: string
): { bcrypt?: number, argon2?: { algorithm: number, memoryCost: number, timeCost: number, parallelism: number } } | null {
  const [, rounds] = /^\$2[abxy]\$(\d\d)\$\*(?:$|\$argon2id\$)/.exec(scheme) ?? []
  const [, kind, memory, time, lanes] = /\$argon2(id|i|d)\$v=\d+\$m=(\d+),t=(\d+),p=(\d+)\$\*\$\*$/.exec(scheme) ?? []
  if (rounds === undefined && kind === undefined) return null
  return {
    ...(rounds !== undefined && { bcrypt: Number(rounds) }),
    ...(kind !== undefined &&
      {
        argon2: {
          algorithm: ['d', 'i', 'id'].indexOf(kind), memoryCost: Number(memory), timeCost: Number(time),
          parallelism: Number(lanes)
        }
      })
  }
}
