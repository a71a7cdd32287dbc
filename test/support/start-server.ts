import { randomBytes } from 'node:crypto'
import { Writable } from 'node:stream'
import Fastify, { type FastifyInstance, type LightMyRequestResponse } from 'fastify'
import pg from 'pg'
import type { Test } from 'tap'
import latchkey, { type AppOptions } from '../../plugins/latchkey.ts'
import type { Client } from '../../src/oauth/ports.ts'
import { hashSecret, newClientId, newClientSecret } from '../../src/crypto/secrets.ts'
import type { NewClient } from '../../src/clients/clients.store.ts'
import { APP_KEY, overSocket, prepareTestDatabase, templateName, testDatabaseUrl, urlOf } from '../setup/database.ts'
import { internals } from '../../plugins/internals.ts'

export { APP_KEY }
export const PASSWORD = 'correct horse battery staple'

/** Cheap password hashes and no rate limits; tests of these set their own. */
export const FAST = { appKey: APP_KEY, rateLimit: 'off' as const, passwords: { memoryCost: 64, timeCost: 1 } }

/** A database for one test, dropped after it. */
export async function createDatabase (t: Test, { empty = false } = {}): Promise<string> {
  const name = `test_${randomBytes(8).toString('hex')}`
  const statement = `CREATE DATABASE "${name}"${empty ? '' : ` TEMPLATE "${templateName()}" STRATEGY FILE_COPY`}`
  const { url, query } = await administrator()
  await query(statement).catch(async (error: { code?: string }) => {
    // There is no template for these migrations yet
    if (error.code !== '3D000') throw error
    await prepareTestDatabase()
    await query(statement)
  })
  t.teardown(() => query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`))
  return urlOf(url, name)
}

type Administrator = { url: string, query: (sql: string) => Promise<unknown> }

let administering: Promise<Administrator> | undefined

/** One connection that creates and drops the databases of this process; it does not keep the process running. */
const administrator = (): Promise<Administrator> => (administering ??= connectAdministrator())

async function connectAdministrator (): Promise<Administrator> {
  const url = await testDatabaseUrl()
  const pool = new pg.Pool({ connectionString: overSocket(urlOf(url, 'postgres'), url), max: 1, allowExitOnIdle: true, idleTimeoutMillis: 0 })
  pool.on('error', () => {})
  return { url, query: (sql) => pool.query(sql) }
}

export type Built = { app: FastifyInstance, databaseUrl: string, logs: () => string }

/** The whole server in this process, on a new database unless one is given; closed after the test. */
export async function build (t: Test, options: AppOptions & { databaseUrl?: string } = {}): Promise<Built> {
  const databaseUrl = options.databaseUrl ?? await createDatabase(t)
  let text = ''
  const stream = new Writable({ write (chunk, _encoding, done) { text += chunk; done() } })
  const app = Fastify({ logger: { level: 'trace', stream }, pluginTimeout: 60_000 })
  // Simulates a host with @fastify/under-pressure, so that a busy machine fails no test
  app.decorate('isUnderPressure', () => false)
  t.teardown(() => app.close())
  const used = options.databaseUrl ?? overSocket(databaseUrl, (await administrator()).url)
  await app.register(latchkey, { ...FAST, operations: true, ...options, databaseUrl: used })
  await app.ready()
  return { app, databaseUrl, logs: () => text }
}

export type MadeClient = { client: Client, id: string, secret: string, basic: string }

/** A confidential first-party client with the password and refresh grants, unless `values` say otherwise. */
export async function makeClient (app: FastifyInstance, values: Partial<NewClient> = {}): Promise<MadeClient> {
  const secret = newClientSecret()
  const client = await internals(app).store.clients.create({
    id: newClientId(), name: 'Test', authMethod: 'client_secret_basic', grantTypes: ['password', 'refresh_token'], firstParty: true,
    secretHash: values.authMethod === 'none' ? null : hashSecret(secret), ...values
  })
  return { client: client!, id: client!.id, secret, basic: basic(client!.id, secret) }
}

export function basic (id: string, secret: string): string {
  return `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`
}

export const register = (app: FastifyInstance, fields: Record<string, string> = { email: 'ada@example.com' }) =>
  app.inject({ method: 'POST', url: '/v1/register', payload: { password: PASSWORD, ...fields } })

export const login = (app: FastifyInstance, fields: Record<string, string> = { email: 'ada@example.com' }, slug = 'web') =>
  app.inject({ method: 'POST', url: `/v1/clients/${slug}/login`, payload: { password: PASSWORD, ...fields } })

export const refresh = (app: FastifyInstance, refreshToken: string, slug = 'web') =>
  app.inject({ method: 'POST', url: `/v1/clients/${slug}/refresh`, payload: { refresh_token: refreshToken } })

/** The token endpoint, form-encoded. */
export const token = (app: FastifyInstance, params: Record<string, string>, authorization?: string) => app.inject({
  method: 'POST',
  url: '/v1/oauth/token',
  headers: { 'content-type': 'application/x-www-form-urlencoded', ...(authorization && { authorization }) },
  payload: new URLSearchParams(params).toString()
})

export const profile = (app: FastifyInstance, accessToken: string) =>
  app.inject({ url: '/v1/profile', headers: { authorization: `Bearer ${accessToken}` } })

export const logout = (app: FastifyInstance, accessToken: string) =>
  app.inject({ method: 'POST', url: '/v1/api/logout', headers: { authorization: `Bearer ${accessToken}` } })

export type Tokens = { access_token: string, refresh_token: string, expires_in: number, token_type: string, scope?: string }

/** A registered user who is logged in with the first of the fields. */
export async function signedIn (
  app: FastifyInstance,
  fields: Record<string, string> = { email: 'ada@example.com' }
): Promise<Tokens & { user: { id: string } }> {
  const user = (await register(app, fields)).json<{ id: string }>()
  return { ...(await login(app, Object.fromEntries(Object.entries(fields).slice(0, 1)))).json<Tokens>(), user }
}

export function claimsOf (accessToken: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(accessToken.split('.')[1]!, 'base64url').toString()) as Record<string, unknown>
}

export function cookieOf (response: LightMyRequestResponse): { value: string, header: string } | undefined {
  const header = [response.headers['set-cookie'] ?? []].flat().find((cookie) => cookie.startsWith('refreshToken='))
  return header === undefined ? undefined : { value: header.slice('refreshToken='.length).split(';')[0]!, header }
}

/** Waits for an effect of another process or the feed, on a machine that may be busy. */
export async function eventually (check: () => Promise<boolean> | boolean, milliseconds = 10_000): Promise<boolean> {
  const until = performance.now() + milliseconds
  while (performance.now() < until) {
    if (await check()) return true
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return false
}
