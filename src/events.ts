/** What happens, by name. No event holds a secret. */
export type EventDetails = {
  'token.issued': { grantType: string, clientId: string, userId: string | null, sessionId: string | null }
  /** `reason` is for the operator: which check refused. */
  'token.refused': { grantType: string, error: string, reason: string }
  'token.revoked': { kind: string, subject: string }
  /** A refresh token that was just replaced came again and got the same successor. */
  'session.replayed': { clientId: string, sessionId: string }
  /** A refresh token came again after the grace: the session is revoked. */
  'session.reused': { clientId: string, sessionId: string }
  /** A session was behind its refresh token: the database went back to a backup. */
  'database.went_back': { sessionId: string }
  'bearer.refused': { reason: string }
  /** Too many failures; `counter` says of what. */
  'attempt.refused': { counter: string }
  /** A browser logged in, or did not, on a login page. */
  'login.made': { userId: string }
  'login.refused': object
  'user.registered': { userId: string }
  'password.changed': { userId: string }
}

export type EventName = keyof EventDetails
export type EventHandler<Name extends EventName> = (details: EventDetails[Name]) => void | Promise<void>

export type Events = {
  /** @returns unsubscribe */
  on: <Name extends EventName>(name: Name, handler: EventHandler<Name>) => () => void
  emit: <Name extends EventName>(name: Name, details: EventDetails[Name]) => void
}

type Handlers = { [Name in EventName]?: Set<EventHandler<Name>> }

/** Handlers run after the fact and cannot fail a request: what they throw goes to `onError`. */
export function createEvents (onError: (error: unknown, name: EventName) => void): Events {
  const handlers: Handlers = {}

  function on<Name extends EventName> (name: Name, handler: EventHandler<Name>): () => void {
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
