import { randomBytes } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { v7 as uuidv7 } from 'uuid'
import { browserCookie } from '../plugins/browser/cookie.ts'
import type { AccessTokens } from './oauth/token/access-token.ts'
import type { Client } from './oauth/ports.ts'
import { accessTokensFor } from './compose/grants.ts'
import { hashSecret, newClientId } from './crypto/secrets.ts'
import { MFA } from './users/missing.ts'
import { internals } from '../plugins/internals.ts'

export { testDatabase, type TestDatabase, type TestOptions } from './testing/database.ts'
export { advanceTime } from './testing/time.ts'
export { createUser, type TestUser } from './testing/users.ts'

/** For `app.inject({ headers })`. */
export type ActingHeaders = { authorization: string }

/** Seconds. */
const TTL = 3600
const CALLER = { ip: '127.0.0.1', userAgent: 'Tests' }
const clients = new WeakMap<object, Promise<Client>>()

/**
 * Creates a session of a user with the given scopes. Its token is a normal one, which a logout ends.
 * @param scopes any, registered or not; `['*']` allows everything
 * @throws TypeError when there is no such user, or a disabled one
 * @example
 * await app.inject({ url: '/orders', headers: await actingAs(app, user.id, ['orders:read']) })
 */
export async function actingAs (app: FastifyInstance, userId: string, scopes: string[] = []): Promise<ActingHeaders> {
  checkScopes(app, scopes)
  const { store } = internals(app)
  const client = await testClient(app)
  const user = await store.users.find(userId)
  const sessionId = uuidv7()
  const made = user && await store.sessions.create({
    id: sessionId,
    userId,
    passwordStamp: user.passwordStamp,
    amr: provenBy(user),
    clientId: client.id,
    scopes,
    resources: [],
    secretHash: hashSecret(randomBytes(16).toString('hex')),
    ttl: TTL,
    caller: CALLER
  })
  if (!made) throw new TypeError(`There is no user ${userId} who may log in`)
  return bearer(
    accessTokens(app).forSession(client, { sessionId, userId, scopes, resources: [], generation: 0, oidc: null, ...made }, scopes)
  )
}

/**
 * Creates a token of a client that acts for itself, as by `client_credentials` (RFC 6749 section 4.4).
 * @example
 * await app.inject({ url: '/reports', headers: await actingAsClient(app, ['reports:read']) })
 */
export async function actingAsClient (app: FastifyInstance, scopes: string[] = []): Promise<ActingHeaders> {
  checkScopes(app, scopes)
  return bearer(accessTokens(app).forClient(await testClient(app), scopes, []))
}

/** For `app.inject({ headers })`: the cookie of a browser, and the headers of a same-site form. */
export type BrowserHeaders = { cookie: string, origin: string, 'sec-fetch-site': 'same-origin' }

/**
 * Creates a browser session of the user, for routes behind `authGuard('web')`.
 * @throws TypeError when there is no such user, or a disabled one
 * @example
 * await app.inject({ url: '/dashboard', headers: await actingInBrowser(app, user.id) })
 */
export async function actingInBrowser (app: FastifyInstance, userId: string): Promise<BrowserHeaders> {
  checkScopes(app, [])
  const { store, config: { appUrl }, sessions } = internals(app)
  const user = await store.users.find(userId)
  const started = user && await sessions.browser.start({ userId, passwordStamp: user.passwordStamp, amr: provenBy(user) }, false, CALLER)
  if (!started) throw new TypeError(`There is no user ${userId} who may log in`)
  return { cookie: `${browserCookie(appUrl)}=${started.token}`, origin: new URL(appUrl).origin, 'sec-fetch-site': 'same-origin' }
}

/** A login as complete as that of the user must be. */
function provenBy ({ secondFactor }: { secondFactor: boolean }): string[] {
  return secondFactor ? ['pwd', 'otp', MFA] : ['pwd']
}

/** @throws TypeError */
function checkScopes (app: FastifyInstance, scopes: unknown): void {
  if (!Array.isArray(scopes) || !scopes.every((scope) => typeof scope === 'string' && /^\S+$/.test(scope))) {
    throw new TypeError("scopes must be a list of names, such as ['orders:read']")
  }
}

function accessTokens (app: FastifyInstance): AccessTokens {
  return accessTokensFor(internals(app))
}

const bearer = ({ token }: { token: string }): ActingHeaders => ({ authorization: `Bearer ${token}` })

/** A first-party client without a secret, through which nobody can log in. */
async function testClient (app: FastifyInstance): Promise<Client> {
  const { store } = internals(app)
  const known = clients.get(store) ??
    store.clients.create({
      id: newClientId(), name: 'Tests', authMethod: 'none', secretHash: null, grantTypes: [], firstParty: true, scopes: ['*']
    }) as Promise<Client>
  clients.set(store, known)
  return await known
}
