import { clientCredentials, clientProblem } from './authentication.ts'
import { OAuthError } from '../oauth/errors.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Caller, Client, Clients } from '../oauth/ports.ts'

/** A remote client proxy reports the user whose request it forwards; other clients are not trusted to. */
export function userBehind ({ trustedProxy }: Client, caller: Caller): Caller {
  return trustedProxy && caller.forwardedIp !== undefined ? { ...caller, ip: caller.forwardedIp } : caller
}

/**
 * The address to which a request is attributed before it is processed: the reported one for a trusted proxy, otherwise the caller's own.
 */
export type AddressBehind = (request: { authorization: string | undefined, body: unknown, caller: Caller }) => string | Promise<string>

export function createAddressBehind (clients: Pick<Clients, 'find'>, clock: Clock): AddressBehind {
  async function vouched (authorization: string | undefined, body: unknown, caller: Caller): Promise<string> {
    const credentials = credentialsOf(authorization, body)
    const client = credentials && await clients.find(credentials.id)
    return client && clientProblem(client, credentials, clock.now()) === undefined ? userBehind(client, caller).ip : caller.ip
  }

  return ({ authorization, body, caller }) => caller.forwardedIp === undefined ? caller.ip : vouched(authorization, body, caller)
}

function credentialsOf (authorization: string | undefined, body: unknown) {
  try {
    return clientCredentials(authorization, (body ?? {}) as Record<string, unknown>)
  } catch (error) {
    if (error instanceof OAuthError) return null
    throw error
  }
}
