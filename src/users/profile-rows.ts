import type { Identifier } from './attributes.ts'
import type { Profile } from './ports.ts'

/** One row per identifier, or a single row without one. */
export type ProfileRow = Omit<Profile, 'identifiers'> & { attribute: string | null, display: string, verifiedAt: Date | null }

/** Columns of a user `u` with an identifier `i`. */
export const profileColumns =
  'u.id, u.name, u.disabled_at AS "disabledAt", u.created_at AS "createdAt", u.claims_changed_at AS "claimsChangedAt", i.attribute, i.display, i.verified_at AS "verifiedAt"'

/** For `unnest`: attributes, values, displays. */
export function columnsOf (identifiers: Identifier[]): string[][] {
  return [identifiers.map(({ attribute }) => attribute), identifiers.map(({ value }) => value), identifiers.map(({ display }) => display)]
}

export function profileOf (rows: ProfileRow[]): Profile | null {
  const [user] = rows
  if (!user) return null
  const { id, name, disabledAt, createdAt, claimsChangedAt } = user
  return {
    id, name, disabledAt, createdAt, claimsChangedAt,
    identifiers: rows.flatMap(({ attribute, display, verifiedAt }) => attribute === null ? [] : { attribute, display, verifiedAt })
  }
}
