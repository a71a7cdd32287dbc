import type { FieldErrors } from '../http/field-errors.ts'
import type { Caller } from '../oauth/ports.ts'
import { askHook } from './host-hook.ts'
import type { Profile } from './ports.ts'

/** Who asks for the deletion of their account. */
export type LeavingUser = {
  id: string
  name: string | null
  /** What they log in with, such as `email`. */
  attributes: Record<string, string>
  ip: string | null
  userAgent: string | null
}

/**
 * Decides whether a user may delete their account, when they ask for it: not again after the days of grace, when nobody is there who could
 * be told. It has a second, after which `signal` is aborted. When it fails, the answer is 503.
 * @returns nothing, or why not, which is shown to the user
 */
export type BeforeDelete = (user: LeavingUser, options: { signal: AbortSignal }) =>
  { reason: string } | undefined | Promise<{ reason: string } | undefined> | Promise<void> | void

const HOOK = { name: 'beforeDelete', whole: 'account', code: 'LK_DELETION_UNAVAILABLE' } as const

/**
 * @returns the errors of a refusal, or null
 * @throws HttpError LK_DELETION_UNAVAILABLE
 */
export type AskLeave = (user: Profile, caller: Caller) => Promise<FieldErrors | null>

export const createAskLeave = (hook: BeforeDelete): AskLeave => async ({ id, name, identifiers }, { ip, userAgent = null }) => {
  const attributes = Object.fromEntries(identifiers.map(({ attribute, display }) => [attribute, display]))
  return await askHook(HOOK, async (signal) => await hook({ id, name, attributes, ip, userAgent }, { signal }))
}
