import { hash as digest, randomBytes } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'
import { isSubject } from '../../oidc/claims-request.ts'
import type { BrowserSession } from '../../sessions/browser-sessions.ts'
import { AuthorizationError, UntrustedRequest, type AuthorizationErrorCode, type Destination } from './error.ts'
import type { AuthorizationRequest, CheckAuthorizationRequest, Params } from './request.ts'
import { createLoginMarks, MARK } from './login-mark.ts'
import { isAlwaysAsked, toBeAsked } from './consent.ts'
import type { Client, Codes, Consents } from '../ports.ts'
import { hashSecret } from '../../crypto/secrets.ts'

/** What the browser does next. */
export type Outcome =
  /** `ask` leaves it to the user whether to go there (RFC 9700 section 4.11.2). */
  | { kind: 'answer', destination: Destination, params: Record<string, string>, ask: boolean }
  /** `params` is the request to come back with; `again` when somebody is logged in already. */
  | { kind: 'login', request: Pick<AuthorizationRequest, 'loginHint' | 'uiLocales' | 'prompts'>, params: Params, again: boolean }
  /** `params` is the request, to be asked about once more by a GET. */
  | { kind: 'again', params: Params }
  /** `params` is the request to post with the decision. */
  | { kind: 'consent', request: AuthorizationRequest, params: Params, session: BrowserSession, newScopes: string[] }

/** What the page that is posted has shown: to whom, and under which name of the application. */
export type Shown = { to: unknown, as: unknown }

export type Authorize = {
  /** @throws UntrustedRequest, AuthorizationError */
  begin: (params: Params, session: BrowserSession | null) => Promise<Outcome>
  /** The user who saw the question allowed it; for anybody else, or about a client that was renamed since, the request begins again. */
  approve: (params: Params, shown: Shown, session: BrowserSession | null) => Promise<Outcome>
  deny: (params: Params) => Promise<Outcome>
  /** An error as an answer, with `iss` (RFC 9207). */
  refuse: (error: AuthorizationError) => Outcome
  /** For whom a request is, if it ends at an application at all; no name where the request is wrong. */
  peek: (params: Params) => Promise<{ clientName: string } | null>
}

type Dependencies = {
  check: CheckAuthorizationRequest
  codes: Codes
  consents: Consents
  /** The user of an id token that we signed, expired or not; null for any other text. */
  userOfIdToken: (idToken: string) => Promise<string | null>
  issuer: () => string
  /** Signs when a login was asked for, so that it is asked for once. */
  markKey: Buffer
}

/** Seconds (RFC 6749 section 4.1.2 asks for little; OAuth 2.1 section 4.1.2 too). */
const CODE_TTL = 60
/** Fields of the consent page: the user who saw it, and what it called the client. */
export const SHOWN_TO = 'shown_to'
export const SHOWN_AS = 'shown_as'

export function createAuthorize (deps: Dependencies): Authorize {
  const { check, codes, consents, issuer } = deps
  const marks = createLoginMarks(deps.markKey)

  async function begin (params: Params, session: BrowserSession | null): Promise<Outcome> {
    try {
      return await decide(await check(params), params, session)
    } catch (error) {
      if (session || params['prompt'] === 'none' || !(error instanceof AuthorizationError)) throw error
      // RFC 9700 section 4.11.2: nobody is sent on before they have logged in, or a link with a mistake would be an open redirector
      return { kind: 'login', request: { loginHint: undefined, uiLocales: undefined, prompts: [] }, params, again: false }
    }
  }

  async function decide (request: AuthorizationRequest, params: Params, session: BrowserSession | null): Promise<Outcome> {
    const { prompts, wished } = request
    if (!session || await mustLogIn(request, params, session)) return logIn(request, params, session)
    const newScopes = prompts.includes('consent') ? wished : await unallowed(request, session)
    if (newScopes === null) return await answerWithCode(request, params, session)
    if (prompts.includes('none')) throw refusal(request, 'consent_required', 'The user has not allowed this')
    return { kind: 'consent', request, params, session, newScopes }
  }

  /** The scopes to ask about; null when there is nothing to ask. A client of the operator that asks nothing is the operator's word. */
  async function unallowed (request: AuthorizationRequest, { userId }: BrowserSession): Promise<string[] | null> {
    const { client, destination, wished, resources } = request
    if (client.skipsConsent && client.firstParty) return null
    return isAlwaysAsked(client, destination.redirectUri)
      ? wished
      : toBeAsked(await consents.find(userId, client.id), { scopes: wished, resources })
  }

  function logIn (request: AuthorizationRequest, params: Params, session: BrowserSession | null): Outcome {
    if (request.prompts.includes('none')) throw refusal(request, 'login_required', 'The user is not logged in')
    return { kind: 'login', request, params: { ...params, [MARK]: marks.make(request) }, again: session !== null }
  }

  async function approve (params: Params, shown: Shown, session: BrowserSession | null): Promise<Outcome> {
    const request = await check(params)
    // Somebody else may have logged in since the page was shown
    if (!session || shown.to !== session.userId || await mustLogIn(request, params, session)) return { kind: 'again', params }
    const { client, wished, resources } = request
    const isAllowed = shown.as === shownAs(client) && await consents.add({ userId: session.userId, client, scopes: wished, resources })
    if (!isAllowed) return { kind: 'again', params }
    return await answerWithCode(request, params, session)
  }

  async function deny (params: Params): Promise<Outcome> {
    throw refusal(await check(params), 'access_denied', 'The user did not allow it')
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
      redirectUri: destination.redirectUri,
      scopes,
      resources,
      codeChallenge,
      oidc: { nonce, authTime: Math.floor(session.authTime.getTime() / 1000), claims },
      ttl: CODE_TTL
    })
    return made ? answer(destination, { code }) : logIn(request, params, session)
  }

  async function mustLogIn (request: AuthorizationRequest, params: Params, session: BrowserSession): Promise<boolean> {
    const { prompts, maxAge, idTokenHint, claims } = request
    const asked = marks.timeOf(request, params[MARK])
    const isFresh = asked !== null && session.authTime.getTime() >= asked
    const isOld = maxAge !== null && Date.now() - session.authTime.getTime() > maxAge * 1000
    if ((isOld || prompts.some((prompt) => ['login', 'select_account', 'create'].includes(prompt))) && !isFresh) return true
    const hinted = idTokenHint === undefined ? null : await deps.userOfIdToken(idTokenHint)
    // OpenID Connect Core section 3.1.2.2: who is asked for by a hint or by the value of `sub`
    if ((hinted === null || hinted === session.userId) && (!claims || isSubject(claims, session.userId))) return false
    if (isFresh) throw refusal(request, 'login_required', 'Another user is logged in than the application asked for')
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

/** Of the name, since a form changes line breaks that a name may have from before there was a rule. */
export function shownAs ({ name }: Pick<Client, 'name'>): string {
  return digest('sha256', name, 'base64url')
}

function refusal ({ destination }: AuthorizationRequest, error: AuthorizationErrorCode, description: string): AuthorizationError {
  return new AuthorizationError(error, description, destination)
}
