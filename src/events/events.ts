/** Where it came from; null where that is not known, as on the command line. */
export type Origin = { ip: string | null, userAgent: string | null }

type Login = Origin & { userId: string | null, clientId: string | null }
type ClientChange = Origin & { clientId: string, userId: string | null }
type PersonalTokenChange = Origin & { tokenId: string, userId: string, clientId: string | null }
type DeviceDecision = Origin & { clientId: string, userId: string, scopes: string[] }

/**
 * By its user or an application: `logout`; by its client (RFC 7009): `client`; by its user in the list of sessions: `user`; by the
 * operator: `operator`; by the next login of the same browser: `replaced`; for a refresh token or a code that came twice: `reused`,
 * `code_reused`.
 */
export type EndReason = 'logout' | 'client' | 'user' | 'operator' | 'replaced' | 'reused' | 'code_reused'

export type LoginFailure = 'unknown_user' | 'wrong_password' | 'disabled' | 'too_many_attempts'

/** Why a guard refused a bearer token. */
export type BearerRefusal = 'expired' | 'malformed' | 'bad_signature' | 'unknown_key' | 'wrong_issuer' | 'wrong_audience' | 'wrong_type'
  | 'invalid' | 'session_revoked' | 'token_revoked' | 'client_revoked' | 'key_revoked' | 'logged_out_everywhere' | 'not_a_user'
  | 'not_a_client' | 'personal_token'

/** What happens, by name. No event holds a secret. */
export type EventDetails = {
  'token.issued': { grantType: string, clientId: string, userId: string | null, sessionId: string | null }
  /** `reason` is for the operator: which check refused. */
  'token.refused': { grantType: string, error: string, reason: string }
  'token.revoked': { kind: string, subject: string }
  /** A refresh token that was just replaced came again and got the same successor. */
  'session.replayed': { clientId: string, sessionId: string }
  /**
   * A refresh token came again after the grace, and its successor had never been used: its answer was lost, and the session goes on with
   * another successor.
   */
  'session.recovered': { clientId: string, sessionId: string }
  /** A refresh token came again after the grace: the session is revoked. */
  'session.reused': { clientId: string, sessionId: string }
  /** A session was behind its refresh token: the database went back to a backup. */
  'database.went_back': { sessionId: string }
  /**
   * A session was ended by itself; `clientId` is null for the login of a browser on our own pages. What ends all of a user or a client,
   * such as `password.changed`, stands for each of theirs.
   */
  'session.ended': Origin & { sessionId: string, userId: string, clientId: string | null, reason: EndReason }
  'bearer.refused': { reason: BearerRefusal }
  /** A password was right; `clientId` is null on our own pages. */
  'login.succeeded': Login & { userId: string }
  /** `userId` is null when nobody has that identifier. */
  'login.failed': Login & { reason: LoginFailure }
  /** Too many failures; `counter` says of what. */
  'attempt.refused': { counter: string }
  'user.registered': Origin & { userId: string }
  'password.changed': Origin & { userId: string }
  /** `fields`: names only, not what stands in them. */
  'profile.changed': Origin & { userId: string, fields: string[] }
  'client.created': ClientChange
  'client.changed': ClientChange
  'client.secret_rotated': ClientChange & { overlap: number }
  'client.revoked': ClientChange
  'personal_token.created': PersonalTokenChange & { scopes: string[] }
  'personal_token.revoked': PersonalTokenChange
  'device.approved': DeviceDecision
  'device.denied': DeviceDecision
}

export type EventName = keyof EventDetails

/** A handler under a name that is never emitted would never be called. */
const NAMES: Record<EventName, true> = {
  'token.issued': true,
  'token.refused': true,
  'token.revoked': true,
  'session.replayed': true,
  'session.recovered': true,
  'session.reused': true,
  'database.went_back': true,
  'session.ended': true,
  'bearer.refused': true,
  'login.succeeded': true,
  'login.failed': true,
  'attempt.refused': true,
  'user.registered': true,
  'password.changed': true,
  'profile.changed': true,
  'client.created': true,
  'client.changed': true,
  'client.secret_rotated': true,
  'client.revoked': true,
  'personal_token.created': true,
  'personal_token.revoked': true,
  'device.approved': true,
  'device.denied': true
}
export type EventHandler<Name extends EventName> = (details: EventDetails[Name]) => void | Promise<void>

export type Events = {
  /** @returns unsubscribe. @throws TypeError for a name that no event has */
  on: <Name extends EventName>(name: Name, handler: EventHandler<Name>) => () => void
  emit: <Name extends EventName>(name: Name, details: EventDetails[Name]) => void
}

export function originOf (caller: { ip: string, userAgent: string | undefined } | undefined): Origin {
  return { ip: caller?.ip ?? null, userAgent: caller?.userAgent ?? null }
}

type Handlers = { [Name in EventName]?: Set<EventHandler<Name>> }

/** Handlers run after the fact and cannot fail a request: what they throw goes to `onError`. */
export function createEvents (onError: (error: unknown, name: EventName) => void): Events {
  const handlers: Handlers = {}

  function on<Name extends EventName> (name: Name, handler: EventHandler<Name>): () => void {
    if (!Object.hasOwn(NAMES, name)) {
      throw new TypeError(`There is no event ${JSON.stringify(name)}; there are ${Object.keys(NAMES).join(', ')}`)
    }
    if (typeof handler !== 'function') throw new TypeError(`The handler of ${name} must be a function`)
    const known: Set<EventHandler<Name>> = handlers[name] ?? new Set<EventHandler<Name>>()
    Object.assign(handlers, { [name]: known.add(handler) })
    return () => { known.delete(handler) }
  }

  function emit<Name extends EventName> (name: Name, details: EventDetails[Name]): void {
    const known: Set<EventHandler<Name>> | undefined = handlers[name]
    for (const handler of known ?? []) {
      try {
        Promise.resolve(handler(details)).catch((error: unknown) => onError(error, name))
      } catch (error) {
        onError(error, name)
      }
    }
  }

  return { on, emit }
}
