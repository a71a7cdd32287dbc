import { generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { exportJWK, jwtVerify, SignJWT, type JWTPayload } from 'jose'
import type { Test } from 'tap'

const CLIENT_ID = 'com.example.login'
const KEY = { teamId: '9F3K2L7QXW', keyId: 'ABC123DEFG' }

export type ApplePerson = { sub: string, email?: string, email_verified?: string | boolean, name?: { firstName: string, lastName: string } }

/** A server that answers as Apple documents it: the form, no PKCE, a signed client secret, the name once. */
export type AppleServer = {
  issuer: string
  /** Who logs in there; null: they cancel. The name is told when the user is new there. */
  person: ApplePerson | null
  /** The client secrets that were accepted. */
  secrets: string[]
  codes: string[]
}

export async function startApple (t: Test) {
  const ours = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const theirs = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const jwk = { ...await exportJWK(theirs.publicKey), kid: 'apple', alg: 'RS256', use: 'sig' }
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const state: AppleServer = { issuer, person: null, secrets: [], codes: [] }
  const metadata = {
    issuer, authorization_endpoint: `${issuer}/auth/authorize`, token_endpoint: `${issuer}/auth/token`, jwks_uri: `${issuer}/auth/keys`,
    response_types_supported: ['code'], response_modes_supported: ['query', 'fragment', 'form_post'], subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'], token_endpoint_auth_methods_supported: ['client_secret_post']
  }
  const documents: Record<string, object> = { '/.well-known/openid-configuration': metadata, '/auth/keys': { keys: [jwk] } }
  const authorize = authorizeAt(state)
  const token = tokenAt(state, ours.publicKey, theirs.privateKey, authorize.redeem)

  async function handle (request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url!, issuer)
    if (pathname === '/auth/authorize') {
      response.setHeader('content-type', 'text/html').end(authorize.page(searchParams))
      return
    }
    const answer = documents[pathname] ?? await token(new URLSearchParams(await text(request))).catch(() => ({ error: 'invalid_client' }))
    response.writeHead('error' in answer ? 400 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
  }

  server.on('request', (request, response) => { handle(request, response).catch(() => response.destroy()) })
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const options = { clientId: CLIENT_ID, ...KEY, privateKey: ours.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString() }
  return { apple: state, options }
}

type Request = { person: ApplePerson, nonce: string, redirectUri: string }

function authorizeAt (state: AppleServer) {
  const requests = new Map<string, Request>()
  const known = new Set<string>()

  /** The page that posts the answer. */
  function page (asked: URLSearchParams): string {
    const [nonce, redirectUri] = [asked.get('nonce') ?? '', asked.get('redirect_uri') ?? '']
    if (asked.get('response_mode') !== 'form_post') return 'response_mode must be form_post when name or email scope is requested'
    if (asked.get('client_id') !== CLIENT_ID || asked.has('code_challenge') || nonce === '') return 'invalid_request'
    return form(redirectUri, { state: asked.get('state') ?? '', ...answer({ nonce, redirectUri }) })
  }

  function answer (request: Omit<Request, 'person'>): Record<string, string> {
    const { person } = state
    if (!person) return { error: 'user_cancelled_authorize' }
    const code = `c${randomUUID()}`
    requests.set(code, { person, ...request })
    state.codes.push(code)
    const { sub, email, name } = person
    const isNew = !known.has(sub)
    known.add(sub)
    return { code, ...(isNew && name && { user: JSON.stringify({ name, email }) }) }
  }

  function redeem (code: string): Request | undefined {
    const found = requests.get(code)
    requests.delete(code)
    return found
  }

  return { page, redeem }
}

const escapeHtml = (value: string) => value.replaceAll('&', '&amp;').replaceAll('"', '&quot;')

function form (action: string, fields: Record<string, string>): string {
  const inputs = Object.entries(fields).map(([name, value]) => `<input type="hidden" name="${name}" value="${escapeHtml(value)}">`)
  return `<!doctype html><form method="post" action="${escapeHtml(action)}">${inputs.join('')}</form><script>document.forms[0].submit()</script>`
}

function tokenAt ({ issuer, secrets }: AppleServer, clientKey: KeyObject, key: KeyObject, redeem: (code: string) => Request | undefined) {
  return async (params: URLSearchParams): Promise<object> => {
    const secret = params.get('client_secret') ?? ''
    const { protectedHeader, payload } = await jwtVerify(secret, clientKey, {
      algorithms: ['ES256'], issuer: KEY.teamId, audience: issuer, subject: CLIENT_ID, requiredClaims: ['iat', 'exp']
    })
    if (protectedHeader.kid !== KEY.keyId || payload.exp! - payload.iat! > 15_777_000) return { error: 'invalid_client' }
    const request = redeem(params.get('code') ?? '')
    const isSame = params.get('client_id') === CLIENT_ID && params.get('redirect_uri') === request?.redirectUri
    if (!request || !isSame || params.has('code_verifier')) return { error: 'invalid_grant' }
    secrets.push(secret)
    const { name: _name, ...person } = request.person
    return { access_token: 'a', token_type: 'Bearer', expires_in: 3600, id_token: await signed(key, issuer, { ...person, nonce: request.nonce }) }
  }
}

async function signed (key: KeyObject, issuer: string, claims: JWTPayload): Promise<string> {
  return await new SignJWT({ ...claims, nonce_supported: true, auth_time: Math.floor(Date.now() / 1000) })
    .setProtectedHeader({ alg: 'RS256', kid: 'apple' }).setIssuer(issuer).setAudience(CLIENT_ID).setIssuedAt().setExpirationTime('10m').sign(key)
}
