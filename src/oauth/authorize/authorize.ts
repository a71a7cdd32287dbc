import { hash as digest, randomBytes } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'
import { isReachedAcr, isSubject } from '../../oidc/claims-request.ts'
import { FEDERATED, type BrowserSession } from '../../sessions/browser-sessions.ts'
import { AuthorizationError, UntrustedRequest, type AuthorizationErrorCode, type Destination } from './error.ts'
import type { AuthorizationRequest, CheckAuthorizationRequest, Params } from './request.ts'
import { createReauthTimes, REAUTH } from './reauthentication.ts'
import { alwaysNeedsConsent, scopesToConfirm, type Consents } from './consent.ts'
import type { Client, Codes } from '../ports.ts'
import { HttpError } from '../../http/http-error.ts'
import { MISSING_ERRORS } from '../../users/missing.ts'
import type { Users } from '../../users/ports.ts'
import { hashSecret } from '../../crypto/secrets.ts'
import type { Clock } from '../../runtime/clock.ts'

/** The next step for the browser. */
export type Outcome =
  /** With `ask`, the user decides whether to follow the redirect (RFC 9700 section 4.11.2). */
  | { kind: 'answer', destination: Destination, params: Record<string, string>, ask: boolean }
  /** `params` is the request to return to after the login; `again` is set when a user is already logged in. */
  | { kind: 'login', request: Pick<AuthorizationRequest, 'loginHint' | 'uiLocales' | 'prompts'>, params: Params, again: boolean }
  /** `params` is the request, which the browser repeats with a GET. */
  | { kind: 'again', params: Params }
  /** `params` is the request to post with the decision. */
  | { kind: 'consent', request: AuthorizationRequest, params: Params, session: BrowserSession, newScopes: string[] }

/** What the posted page showed: to which user, and under which client name. */
export type Shown = { to: unknown, as: unknown }

export type Authorize = {
  /** @throws UntrustedRequest, AuthorizationError */
  begin: (params: Params, session: BrowserSession | null) => Promise<Outcome>
  /** Continues if the user who saw the question allowed it. For another user, or a client renamed since, the request starts again. */
  approve: (params: Params, shown: Shown, session: BrowserSession | null) => Promise<Outcome>
  deny: (params: Params) => Promise<Outcome>
  /** Returns an error to the client, with `iss` (RFC 9207). */
  refuse: (error: AuthorizationError) => Outcome
  /** The name of the client that the request is for; empty when the request is invalid, null when its client or redirect URI is. */
  peek: (params: Params) => Promise<{ clientName: string } | null>
}

type Dependencies = {
  check: CheckAuthorizationRequest
  codes: Codes
  consents: Consents
  clock: Clock
  /** The user of an id token that we signed, expired or not; null for any other text. */
  userOfIdToken: (idToken: string) => Promise<string | null>
  /** What a user must still do. */
  missing: Users['missing']
  issuer: () => string
  /** Seconds. */
  sessionTtl: number
  /** Signs the time at which a login was requested, so that it is requested only once. */
  reauthKey: Buffer
}

/** Seconds. RFC 6749 section 4.1.2 and OAuth 2.1 section 4.1.2 ask for a short lifetime. */
const CODE_TTL = 60
/** Fields of the consent page: the user who saw it, and a digest of the client name shown. */
export const SHOWN_TO = 'shown_to'
export const SHOWN_AS = 'shown_as'

export function createAuthorize (deps: Dependencies): Authorize {
  const { check, codes, consents, clock, issuer, sessionTtl } = deps
  const reauthTimes = createReauthTimes(deps.reauthKey, clock)

  async function begin (params: Params, session: BrowserSession | null): Promise<Outcome> {
    try {
      return await decide(await check(params), params, session)
    } catch (error) {
      if (session || params['prompt'] === 'none' || !(error instanceof AuthorizationError)) throw error
      // RFC 9700 section 4.11.2: redirect only after login, since otherwise an invalid request would turn this endpoint into an open
      // redirector
      return { kind: 'login', request: { loginHint: undefined, uiLocales: undefined, prompts: [] }, params, again: false }
    }
  }

  async function decide (request: AuthorizationRequest, params: Params, session: BrowserSession | null): Promise<Outcome> {
    const { prompts, requestedScopes } = request
    if (!session || await mustLogIn(request, params, session)) return logIn(request, params, session)
    await refuseIncomplete(request, session)
    const newScopes = prompts.includes('consent') ? requestedScopes : await unallowed(request, session)
    if (newScopes === null) return await answerWithCode(request, params, session)
    if (prompts.includes('none')) throw errorFor(request, 'consent_required', 'The user has not allowed this')
    return { kind: 'consent', request, params, session, newScopes }
  }

  /** The scopes to ask about; null when consent is not needed. The operator vouches for first-party clients that skip consent. */
  async function unallowed (request: AuthorizationRequest, { userId }: BrowserSession): Promise<string[] | null> {
    const { client, destination, requestedScopes, resources } = request
    if (client.skipsConsent && client.firstParty) return null
    return alwaysNeedsConsent(client, destination.redirectUri)
      ? requestedScopes
      : scopesToConfirm(await consents.find(userId, client.id), { scopes: requestedScopes, resources })
  }

  function logIn (request: AuthorizationRequest, params: Params, session: BrowserSession | null): Outcome {
    if (request.prompts.includes('none')) throw errorFor(request, 'login_required', 'The user is not logged in')
    return { kind: 'login', request, params: { ...params, [REAUTH]: reauthTimes.sign(request) }, again: session !== null }
  }

  async function approve (params: Params, shown: Shown, session: BrowserSession | null): Promise<Outcome> {
    const request = await check(params)
    // Another user may have logged in since the page was shown
    if (!session || shown.to !== session.userId || await mustLogIn(request, params, session)) return { kind: 'again', params }
    await refuseIncomplete(request, session)
    const { client, requestedScopes, resources } = request
    const consent = { userId: session.userId, client, scopes: requestedScopes, resources }
    const isAllowed = shown.as === shownAs(client) && await consents.add(consent)
    if (!isAllowed) return { kind: 'again', params }
    return await answerWithCode(request, params, session)
  }

  async function deny (params: Params): Promise<Outcome> {
    throw errorFor(await check(params), 'access_denied', 'The user did not allow it')
  }

  async function answerWithCode (request: AuthorizationRequest, params: Params, session: BrowserSession): Promise<Outcome> {
    const { client, destination, scopes, resources, codeChallenge, nonce, claims } = request
    const code = `lk_ac_${randomBytes(32).toString('base64url')}`
    const made = await codes.create({
      hash: hashSecret(code),
      clientId: client.id,
      userId: session.userId,
      sessionId: uuidv7(),
      browserSessionId: session.id,
      upstreamTtl: session.amr.includes(FEDERATED) ? sessionTtl : null,
      redirectUri: destination.redirectUri,
      scopes,
      resources,
      codeChallenge,
      oidc: { nonce, authTime: Math.floor(session.authTime.getTime() / 1000), claims },
      ttl: CODE_TTL
    })
    return made ? answer(destination, { code }) : logIn(request, params, session)
  }

  /** The session may be older than the requirement. The user is told on our page, rather than the application. */
  async function refuseIncomplete (request: AuthorizationRequest, session: BrowserSession): Promise<void> {
    const [first] = await deps.missing(session)
    if (!first) {
      if (!request.claims || isReachedAcr(request.claims, session.amr)) return
      throw errorFor(request, 'unmet_authentication_requirements', 'The user has no second factor, which the essential acr of the request needs')
    }
    const { code, description } = MISSING_ERRORS[first]
    if (request.prompts.includes('none')) throw errorFor(request, 'interaction_required', description)
    throw new HttpError(code)
  }

  async function mustLogIn (request: AuthorizationRequest, params: Params, session: BrowserSession): Promise<boolean> {
    const { prompts, maxAge, idTokenHint, claims } = request
    const requested = reauthTimes.timeOf(request, params[REAUTH])
    const isFresh = requested !== null && session.authTime.getTime() >= requested
    const isOld = maxAge !== null && clock.now() - session.authTime.getTime() > maxAge * 1000
    if ((isOld || prompts.some((prompt) => ['login', 'select_account', 'create'].includes(prompt))) && !isFresh) return true
    const hinted = idTokenHint === undefined ? null : await deps.userOfIdToken(idTokenHint)
    // OpenID Connect Core section 3.1.2.2: the user requested by `id_token_hint` or by the value of `sub`
    if ((hinted === null || hinted === session.userId) && (!claims || isSubject(claims, session.userId))) return false
    if (isFresh) throw errorFor(request, 'login_required', 'The user who is logged in is not the one that the application requested')
    return true
  }

  function answer (destination: Destination, params: Record<string, string>, ask = false): Outcome {
    const { state } = destination
    return { kind: 'answer', destination, ask, params: { ...params, ...(state !== undefined && { state }), iss: issuer() } }
  }

  async function peek (params: Params) {
    try {
      return { clientName: (await check(params)).client.name }
    } catch (error) {
      if (error instanceof AuthorizationError) return { clientName: '' }
      if (error instanceof UntrustedRequest) return null
      throw error
    }
  }

  return {
    begin, approve, deny, peek,
    refuse: ({ destination, error, description }) => answer(destination, { error, error_description: description }, !destination.trusted)
  }
}

/** A digest of the name, because a form would change line breaks in names stored before they were disallowed. */
export function shownAs ({ name }: Pick<Client, 'name'>): string {
  return digest('sha256', name, 'base64url')
}

function errorFor ({ destination }: AuthorizationRequest, error: AuthorizationErrorCode, description: string): AuthorizationError {
  return new AuthorizationError(error, description, destination)
}
