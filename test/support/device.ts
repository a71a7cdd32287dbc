import type { FastifyInstance } from 'fastify'
import type { Decider } from '../../src/oauth/device/ports.ts'
import type { NewClient } from '../../src/clients/clients.store.ts'
import { makeClient, register, token } from './start-server.ts'

export const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code'
export const CALLER = { ip: '203.0.113.9', userAgent: 'Laptop' }

export type Waiting = {
  device_code: string, user_code: string, verification_uri: string, verification_uri_complete: string,
  expires_in: number, interval: number
}

export const makeTv = (app: FastifyInstance, values: Partial<NewClient> = {}) =>
  makeClient(app, { name: 'Television', authMethod: 'none', firstParty: false, grantTypes: [DEVICE_CODE, 'refresh_token'], ...values })

/** The device authorization request, form-encoded. */
export const ask = (app: FastifyInstance, params: Record<string, string>, authorization?: string) => app.inject({
  method: 'POST',
  url: '/v1/oauth/device/code',
  headers: { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'TV/1.0', ...(authorization && { authorization }) },
  payload: new URLSearchParams(params).toString()
})

export const asked = async (app: FastifyInstance, params: Record<string, string>, authorization?: string) =>
  (await ask(app, params, authorization)).json<Waiting>()

export const poll = (app: FastifyInstance, clientId: string, deviceCode: string, authorization?: string) =>
  token(app, { grant_type: DEVICE_CODE, device_code: deviceCode, ...(authorization ? {} : { client_id: clientId }) }, authorization)

/** A registered user with the fields of a browser session. */
export async function decider (app: FastifyInstance, email = 'ada@example.com'): Promise<Decider> {
  const { id } = (await register(app, { email })).json<{ id: string }>()
  return { userId: id, tokenEpoch: 0, authTime: new Date('2026-11-24T12:00:00Z'), amr: ['pwd'] }
}
