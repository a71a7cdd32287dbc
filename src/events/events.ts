/** Where a request came from; null where unknown, as on the command line. */
export type Origin = { ip: string | null, userAgent: string | null }

type Login = Origin & { userId: string | null, clientId: string | null }
type ClientChange = Origin & { clientId: string, userId: string | null }
type PersonalTokenChange = Origin & { tokenId: string, userId: string, clientId: string | null }
type DeviceDecision = Origin & { clientId: string, userId: string, scopes: string[] }

/**
 * `logout`: by its user or client, at logout; `client`: by its client (RFC 7009); `user`: by its user in the list of sessions; `operator`:
 * by the operator; `replaced`: by the next login in the same browser; `reused`, `code_reused`: a refresh token or a code was presented
 * twice; `provider`: the provider at which the user had logged in has said that the login there is over.
 */
export type EndReason = 'logout' | 'client' | 'user' | 'operator' | 'replaced' | 'reused' | 'code_reused' | 'provider'

export type LoginFailure = 'unknown_user' | 'wrong_password' | 'disabled' | 'too_many_attempts' | 'wrong_factor'

/** Why a guard refused a bearer token. */
export type BearerRefusal = 'expired' | 'malformed' | 'bad_signature' | 'unknown_key' | 'wrong_issuer' | 'wrong_audience' | 'wrong_type'
  | 'invalid' | 'session_revoked' | 'token_revoked' | 'client_revoked' | 'key_revoked' | 'logged_out_everywhere' | 'not_a_user'
  | 'not_a_client' | 'personal_token'

/** What happens, by name. No event contains a secret. */
export type EventDetails = {
  'token.issued': { grantType: string, clientId: string, userId: string | null, sessionId: string | null }
  /** `reason` is for the operator: the check that failed. */
  'token.refused': { grantType: string, error: string, reason: string }
  'token.revoked': { kind: string, subject: string }
  /** A refresh token that was just replaced was presented again and got the same successor. */
  'session.replayed': { clientId: string, sessionId: string }
  /**
   * A refresh token was presented again after the grace, while its successor had never been used: its answer was lost, and the session
   * continues with another successor.
   */
  'session.recovered': { clientId: string, sessionId: string }
  /** A refresh token was presented again after the grace: the session is revoked. */
  'session.reused': { clientId: string, sessionId: string }
  /** A refresh token was newer than its session: the database was restored from a backup. */
  'database.went_back': { sessionId: string }
  /**
   * A session was ended individually; `clientId` is null for a browser session. An event that ends everything of a user or client, such as
   * `password.changed`, stands for all their sessions.
   */
  'session.ended': Origin & { sessionId: string, userId: string, clientId: string | null, reason: EndReason }
  'bearer.refused': { reason: BearerRefusal }
  /** A user has logged in: a session was created, or on our own pages, where `clientId` is null, a browser session. */
  'login.succeeded': Login & { userId: string }
  /** The password was right, but what is in `missing` is required before there is a session. */
  'login.incomplete': Login & { userId: string, missing: string[] }
  /** `userId` is null when no user has the identifier. */
  'login.failed': Login & { reason: LoginFailure }
  /** Too many failures; `counter` names their kind. */
  'attempt.refused': { counter: string }
  'user.registered': Origin & { userId: string }
  /** Somebody was invited to register; `clientId` is null for an operator. */
  'user.invited': Origin & { clientId: string | null }
  /** By the user, who is logged out everywhere and can restore the account for 14 days. */
  'user.deletion_requested': Origin & { userId: string }
  'user.restored': Origin & { userId: string }
  /**
   * Everything of the user is gone. Told once, by the process that has deleted; not at all when that process is killed in between, or is
   * the command line. The audit log has it in any case.
   */
  'user.deleted': { userId: string }
  'password.changed': Origin & { userId: string }
  /** Somebody asked for a new password, and a link is on its way to the user. Nothing is emitted for an unknown user. */
  'password.reset_requested': Origin & { userId: string }
  /** By a token that was sent to the user, or handed out by an operator. Every session has ended. */
  'password.reset': Origin & { userId: string }
  /**
   * For the first time. `cleaned`: it was proven from elsewhere than the account itself, which therefore lost its password,
   * sessions, consents, clients and ways in through providers, and the identifiers of the attributes in `removed`.
   */
  'identifier.verified': Origin & { userId: string, attribute: string, cleaned: boolean, removed: string[] }
  /** What a user logs in with, by its attribute, such as `email`. A change that its owner must confirm has been confirmed. */
  'identifier.changed': Origin & { userId: string, attribute: string, change: 'added' | 'changed' | 'removed' }
  /**
   * By the link that the address before was sent. The identifiers of the attributes in `restored` are as they were before, every session
   * has ended, and the password is removed.
   */
  'identifier.change_undone': Origin & { userId: string, attribute: string, restored: string[] }
  /**
   * An account at an upstream provider is a way in from now on: `linked` by its owner, who was logged in; `joined` by an address that
   * both sides had verified; `registered` with the user.
   */
  'identity.linked': Origin & { userId: string, provider: string, how: 'linked' | 'joined' | 'registered' }
  'identity.unlinked': Origin & { userId: string, provider: string }
  /** A second factor works from now on: every other session has ended. */
  'factor.added': Origin & { userId: string, factor: string }
  /** By its user, or, without address, by the operator: every other session has ended. */
  'factor.removed': Origin & { userId: string, factor: string }
  /** The codes before are not valid any more. */
  'recovery_codes.created': Origin & { userId: string }
  /** It is not valid any more; `left` are. */
  'recovery_code.used': Origin & { userId: string, left: number }
  /** The name and other fields of the profile. `fields`: names only, without values. */
  'profile.changed': Origin & { userId: string, fields: string[] }
  'client.created': ClientChange
  'client.changed': ClientChange
  'client.secret_rotated': ClientChange & { overlap: number }
  'client.revoked': ClientChange
  'personal_token.created': PersonalTokenChange & { scopes: string[] }
  'personal_token.revoked': PersonalTokenChange
  'device.approved': DeviceDecision
  'device.denied': DeviceDecision
  /** A mail or SMS was accepted by its server; `seconds` since it was caused. */
  'message.sent': { id: string, kind: string, seconds: number }
  /** It was not, and is tried again. */
  'message.delayed': { id: string, kind: string, error: string }
  /** It was given up: `refused` by the server, after too many `attempts`, or `expired`. */
  'message.failed': { id: string, kind: string, reason: 'refused' | 'attempts' | 'expired', error: string }
}

export type EventName = keyof EventDetails

/** Used to reject handlers for unknown names, which would never be called. */
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
  'login.incomplete': true,
  'login.failed': true,
  'attempt.refused': true,
  'user.registered': true,
  'user.invited': true,
  'user.deletion_requested': true,
  'user.restored': true,
  'user.deleted': true,
  'password.changed': true,
  'password.reset_requested': true,
  'password.reset': true,
  'identifier.verified': true,
  'identifier.changed': true,
  'identifier.change_undone': true,
  'identity.linked': true,
  'identity.unlinked': true,
  'factor.added': true,
  'factor.removed': true,
  'recovery_codes.created': true,
  'recovery_code.used': true,
  'profile.changed': true,
  'client.created': true,
  'client.changed': true,
  'client.secret_rotated': true,
  'client.revoked': true,
  'personal_token.created': true,
  'personal_token.revoked': true,
  'device.approved': true,
  'device.denied': true,
  'message.sent': true,
  'message.delayed': true,
  'message.failed': true
}

export const eventNames = Object.keys(NAMES) as EventName[]

export type EventHandler<Name extends EventName> = (details: EventDetails[Name]) => void | Promise<void>

export type Events = {
  /**
   * @returns unsubscribe
   * @throws TypeError for an unknown event name
   */
  on: <Name extends EventName>(name: Name, handler: EventHandler<Name>) => () => void
  emit: <Name extends EventName>(name: Name, details: EventDetails[Name]) => void
}

export function originOf (caller: { ip: string, userAgent: string | undefined } | undefined): Origin {
  return { ip: caller?.ip ?? null, userAgent: caller?.userAgent ?? null }
}

type Handlers = { [Name in EventName]?: Set<EventHandler<Name>> }

/** Handlers run afterwards and cannot fail a request: their errors go to `onError`. */
export function createEvents (onError: (error: unknown, name: EventName) => void): Events {
  const handlers: Handlers = {}

  function on<Name extends EventName> (name: Name, handler: EventHandler<Name>): () => void {
    if (!Object.hasOwn(NAMES, name)) {
      throw new TypeError(`There is no event ${JSON.stringify(name)}; there are ${eventNames.join(', ')}`)
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
