import type { Clock } from '../runtime/clock.ts'
import { HttpError } from '../http/http-error.ts'

/** Requests to a remote issuer, as one of its clients. */
export type IssuerClient = {
  /** @throws RefusedByIssuer */
  send: (path: string, init?: RequestInit) => Promise<Response>
  json: (path: string, init?: RequestInit) => Promise<unknown>
  /** The issuer's introspection response for a token (RFC 7662). */
  introspect: (token: string) => Promise<unknown>
  /** A streamed response body, requested with an access token of the client. */
  stream: (path: string, signal: AbortSignal) => Promise<OpenStream>
}

/** @property askedAt when the stream was requested, by the clock of this process: its events were created later */
export type OpenStream = { body: ReadableStream<Uint8Array>, askedAt: number }

type Options = {
  issuer: string
  clientId?: string | undefined
  clientSecret?: string | undefined
  scope?: string
  clock: Pick<Clock, 'monotonic'>
}

/** The issuer answered with an error. The message never contains a secret. */
export class RefusedByIssuer extends Error {
  constructor (
    readonly statusCode: number,
    readonly body: {
      error?: string, error_description?: string, message?: string, code?: string, auth_session?: string, factors?: string[]
    },
    path: string,
    readonly retryAfter: number | undefined
  ) {
    super(`The issuer answered ${statusCode} on ${path}: ${body.error ?? body.message ?? 'no reason given'}`)
    this.name = 'RefusedByIssuer'
  }
}

/** The issuer does not provide what a guard needs: 503, whatever its answer was. */
export function issuerUnavailable (cause: unknown): HttpError {
  return new HttpError('LK_ISSUER_UNAVAILABLE', { cause })
}

const TIMEOUT_MS = 10_000

export function createIssuerClient ({ issuer, clientId, clientSecret, scope, clock }: Options): IssuerClient {
  async function send (path: string, init: RequestInit = {}): Promise<Response> {
    const response = await fetch(issuer + path, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'error', ...init })
    if (response.ok) return response
    const body = await response.json().catch(() => ({})) as RefusedByIssuer['body']
    throw new RefusedByIssuer(response.status, body, path.split('?')[0]!, Number(response.headers.get('retry-after')) || undefined)
  }

  async function accessToken (signal: AbortSignal): Promise<string> {
    const { access_token: token } = await json('/v1/oauth/token', {
      method: 'POST',
      signal,
      headers: { authorization: basic(clientId ?? '', clientSecret ?? '') },
      body: new URLSearchParams({ grant_type: 'client_credentials', ...(scope && { scope }) })
    }) as { access_token: string }
    return token
  }

  async function json (path: string, init?: RequestInit): Promise<unknown> {
    return await (await send(path, init)).json()
  }

  async function introspect (token: string): Promise<unknown> {
    return await json('/v1/oauth/introspect', {
      method: 'POST', headers: { authorization: basic(clientId ?? '', clientSecret ?? '') }, body: new URLSearchParams({ token })
    })
  }

  async function stream (path: string, signal: AbortSignal): Promise<OpenStream> {
    const authorization = `Bearer ${await accessToken(signal)}`
    const askedAt = clock.monotonic()
    const response = await send(path, { signal, headers: { authorization } })
    return { body: response.body!, askedAt }
  }

  return { send, json, introspect, stream }
}

/** RFC 6749 section 2.3.1: both parts are form-encoded first. */
export function basic (id: string, secret: string): string {
  const encode = (text: string) => encodeURIComponent(text)
  return `Basic ${Buffer.from(`${encode(id)}:${encode(secret)}`).toString('base64')}`
}
