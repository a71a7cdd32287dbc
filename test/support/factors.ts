import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { Secret, TOTP } from 'otpauth'
import { internals } from '../../plugins/internals.ts'
import { advanceTime } from '../../src/testing.ts'
import { sql } from './session-rows.ts'
import { login, PASSWORD, signedIn, type Tokens } from './start-server.ts'

/** The code of an authenticator app; `steps` of 30 seconds from now. */
export function codeOf (app: FastifyInstance, secret: string, steps = 0): string {
  return new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: internals(app).clock.now() + steps * 30_000 })
}

/** A code that is none of now. */
export function wrongCode (app: FastifyInstance, secret: string): string {
  const right = [-2, -1, 0, 1, 2].map((steps) => codeOf(app, secret, steps))
  return ['000000', '111111', '222222', '333333', '444444', '555555'].find((code) => !right.includes(code))!
}

/** The time is that at which a step begins, so that no test meets its end. */
export async function startOfStep (app: FastifyInstance): Promise<void> {
  await advanceTime(app, 30 - internals(app).clock.now() / 1000 % 30)
}

/** Steps are used once: the next code is one of later. */
async function nextStep (app: FastifyInstance): Promise<void> {
  await sql(app, 'UPDATE factors SET last_step = last_step - 2')
}

export const send = (app: FastifyInstance, method: 'GET' | 'POST' | 'DELETE', url: string, token: string, payload: object = {}) =>
  app.inject({ method, url, headers: { authorization: `Bearer ${token}` }, ...(method !== 'GET' && { payload }) })

export type Enrolled = Tokens & { user: { id: string }, secret: string, id: string, recoveryCodes: string[] }

/** Adds an authenticator app to a user who is logged in. Its step is free again. */
export async function addTotp (app: FastifyInstance, token: string): Promise<{ secret: string, id: string, recoveryCodes: string[] }> {
  const begun = (await send(app, 'POST', '/v1/factors/totp', token)).json<{ id: string, secret: string }>()
  const answer = await send(app, 'POST', '/v1/factors/totp/confirm', token, { id: begun.id, code: codeOf(app, begun.secret) })
  if (answer.statusCode !== 200) throw new Error(`not confirmed: ${answer.body}`)
  await nextStep(app)
  return { ...begun, recoveryCodes: answer.json<{ recovery_codes?: string[] }>().recovery_codes ?? [] }
}

/** A registered user with an authenticator app. */
export async function enrolled (app: FastifyInstance, fields: Record<string, string> = { email: 'ada@example.com' }): Promise<Enrolled> {
  const tokens = await signedIn(app, fields)
  return { ...tokens, ...await addTotp(app, tokens.access_token) }
}

/** The auth session of a login with the right password. */
export async function halfLogin (app: FastifyInstance, fields?: Record<string, string>, slug?: string): Promise<string> {
  return (await login(app, fields, slug)).json<{ auth_session: string }>().auth_session
}

export type Challenged = { auth_session: string, code: string, factor?: string }

export const challenge = (
  app: FastifyInstance, payload: Challenged, { slug = 'web', from = '127.0.0.1', headers = {} }: { slug?: string, from?: string, headers?: Record<string, string> } = {}
): Promise<LightMyRequestResponse> => app.inject({ method: 'POST', url: `/v1/clients/${slug}/challenge`, remoteAddress: from, headers, payload })

/** The same at the token endpoint. */
export const challengeAt = (app: FastifyInstance, params: Record<string, string>, authorization?: string) => app.inject({
  method: 'POST',
  url: '/v1/oauth/challenge',
  headers: { 'content-type': 'application/x-www-form-urlencoded', ...(authorization && { authorization }) },
  payload: new URLSearchParams(params).toString()
})

export const passwordGrant = (username = 'ada@example.com') => ({ grant_type: 'password', username, password: PASSWORD })
