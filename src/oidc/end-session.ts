import { UntrustedRequest } from '../oauth/authorize/error.ts'
import type { Caller, Client, Clients, Sessions } from '../oauth/ports.ts'
import type { SessionEnds } from '../sessions/end.ts'
import type { BrowserSession } from '../sessions/browser-sessions.ts'
import type { IdTokenFacts, ReadIdToken } from './id-token-hint.ts'

export type EndSession = {
  /**
   * Checks the request.
   * @throws UntrustedRequest for a redirect URI that is not registered
   */
  begin: (params: Record<string, unknown>, session: BrowserSession | null) => Promise<LogoutRequest>
  /** Ends the browser session, and the session that the hint names. */
  end: (request: LogoutRequest, session: BrowserSession | null, caller: Caller) => Promise<void>
}

export type LogoutRequest = {
  /** The client has shown that it belongs to this login, so the user need not be asked. */
  confirmed: boolean
  /** The redirect URI, registered by the client; null shows the page of this server. */
  redirectTo: string | null
  hint: IdTokenFacts | null
  /** The client that sent the request, if known. */
  client: Client | null
}

type Dependencies = {
  clients: Clients, sessions: Pick<Sessions, 'standing'>, sessionEnds: Pick<SessionEnds, 'browser' | 'session'>,
  readIdToken: ReadIdToken
}

/** OpenID Connect RP-Initiated Logout 1.0. */
export function createEndSession ({ clients, sessions, sessionEnds, readIdToken }: Dependencies): EndSession {
  async function begin (params: Record<string, unknown>, session: BrowserSession | null): Promise<LogoutRequest> {
    const text = (name: string) => typeof params[name] === 'string' && params[name] !== '' ? params[name] : undefined
    const hintText = text('id_token_hint')
    const hint = hintText === undefined ? null : await readIdToken(hintText)
    if (hintText !== undefined && !hint) throw new UntrustedRequest('The id_token_hint was not issued here')
    const clientId = text('client_id')
    if (hint && clientId !== undefined && clientId !== hint.clientId) {
      throw new UntrustedRequest('client_id is not the client of the id_token_hint')
    }
    const asking = hint?.clientId ?? clientId
    const client = asking === undefined ? null : alive(await clients.find(asking))
    const redirectTo = target(client, text('post_logout_redirect_uri'), text('state'))
    return { confirmed: session ? hint?.userId === session.userId : !await endsSession(hint), redirectTo, hint, client }
  }

  /**
   * Section 2 requires asking the user when the hint names a user who may not be logged in: id tokens are not secret, so anybody may have
   * created a link that contains one.
   */
  async function endsSession (hint: IdTokenFacts | null): Promise<boolean> {
    return !!hint?.sessionId && await sessions.standing(hint.sessionId) !== null
  }

  /** Section 3: exact match, and only for a known client. */
  function target (client: Client | null, uri: string | undefined, state: string | undefined): string | null {
    if (uri === undefined) return null
    if (!client?.postLogoutRedirectUris.includes(uri)) {
      throw new UntrustedRequest('The post_logout_redirect_uri is not registered for this application')
    }
    return state === undefined ? uri : `${uri}${uri.includes('?') ? '&' : '?'}${new URLSearchParams({ state })}`
  }

  async function end ({ hint }: LogoutRequest, session: BrowserSession | null, caller: Caller): Promise<void> {
    const why = { reason: 'logout', caller } as const
    if (session) await sessionEnds.browser(session.id, why)
    if (hint?.sessionId && (!session || session.userId === hint.userId)) await sessionEnds.session(hint.sessionId, why)
  }

  return { begin, end }
}

/** The redirect URIs of a revoked client are no longer trusted. */
const alive = (client: Client | null) => client?.revokedAt ? null : client
