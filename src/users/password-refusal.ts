import type { FieldErrorDetails } from '../http/field-errors.ts'
import type { Users } from './ports.ts'

/** Why nobody sets a password for this identifier, since its people log in at a provider; null where they may. */
export type PasswordRefusal = (identifier: string) => AtProvider | null

type AtProvider = { code: 'at_provider' } & FieldErrorDetails['at_provider']

/** The same for a user, whichever of their identifiers it is. */
export async function refusalFor (
  refusal: PasswordRefusal | undefined, users: Pick<Users, 'identifiers'>, userId: string
): Promise<AtProvider | null> {
  if (!refusal) return null
  const refusals = (await users.identifiers(userId)).map(({ value }) => refusal(value))
  return refusals.find((found) => found !== null) ?? null
}
