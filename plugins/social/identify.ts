import type { FastifyRequest } from 'fastify'
import type { SocialServices } from '../../src/compose/social.ts'
import type { Caller } from '../../src/oauth/ports.ts'
import type { ProvenUser } from '../../src/oauth/token/issue-tokens.ts'
import type { Provider } from '../../src/social/ports.ts'
import { FEDERATED } from '../../src/sessions/browser-sessions.ts'
import { loginTime, type Refusal } from '../../src/social/sign-in.ts'
import type { UpstreamAnswer } from '../../src/social/upstream.ts'
import { askedLocale, preferredLanguages } from '../http/preferred-languages.ts'
import type { Internals } from '../internals.ts'

export type Identified = { user: ProvenUser, refused?: never, reason?: never } | { user?: never, refused: Refusal, reason?: string }

/** `knows`: whether the user has logged in from this device before, and is not told of it. */
type By = { caller: Caller, knows?: (userId: string) => boolean }

/** Whose account it is at the provider. @returns why nobody is let in, or the user, who is not logged in yet */
export type Identify = (request: FastifyRequest, provider: Provider, answer: UpstreamAnswer, by: By) => Promise<Identified>

export function createIdentify (
  { clock, mail, users }: Pick<Internals, 'clock' | 'mail' | 'users'>, { signIn }: Pick<SocialServices, 'signIn'>
): Identify {
  return async (request, provider, { profile, claims, authTime, origin, tokens }, { caller, knows = () => false }) => {
    const preferences = preferredLanguages(request)
    const locale = askedLocale(preferences, mail) ?? askedLocale({ uiLocales: profile.locale ?? undefined }, mail)
    const signedIn = await signIn(provider, { profile, claims, ...(tokens && { tokens }) }, { caller, preferences, locale })
    if (signedIn.refused) return signedIn
    const { user, isNew } = signedIn
    const isTold = !isNew && user.missing.length === 0 && !knows(user.userId)
    const notices = isTold ? await users.newDevice?.(user.userId, caller) ?? [] : []
    return { user: { ...user, amr: [FEDERATED], authTime: loginTime(authTime, clock.now()), notices, origin } }
  }
}
