import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../../runtime/clock.ts'
import type { AuthorizationRequest } from './request.ts'

/** The parameter of an authorization request that records when re-authentication was requested. */
export const REAUTH = 'reauth'

export type ReauthTimes = {
  /** The time with a MAC over this request, so that it is not valid for another request. */
  sign: (request: AuthorizationRequest, time?: number) => string
  /** Null when the value was not signed for this request. */
  timeOf: (request: AuthorizationRequest, value: unknown) => number | null
}

/**
 * Requests a login only once: a login after the signed time satisfies `prompt=login` and `max_age` (OpenID Connect Core section 3.1.2.1).
 */
export function createReauthTimes (key: Buffer, clock: Clock): ReauthTimes {
  function sign ({ client, destination: { redirectUri, state }, nonce, codeChallenge }: AuthorizationRequest, time = clock.now()): string {
    const bound = JSON.stringify([time, client.id, redirectUri, state, nonce, codeChallenge])
    return `${time}.${createHmac('sha256', key).update(bound).digest('base64url')}`
  }

  function timeOf (request: AuthorizationRequest, value: unknown): number | null {
    if (typeof value !== 'string') return null
    const time = Number(value.split('.')[0])
    const expected = Buffer.from(sign(request, time))
    const given = Buffer.from(value)
    return given.length === expected.length && timingSafeEqual(given, expected) ? time : null
  }

  return { sign, timeOf }
}
