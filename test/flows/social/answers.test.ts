import { generateKeyPairSync } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import t, { type Test } from 'tap'
import type { AppOptions } from '../../../plugins/latchkey.ts'
import { build, eventually, login, register } from '../../support/start-server.ts'
import { sql } from '../../support/session-rows.ts'
import { startSmtp } from '../../support/smtp.ts'
import { CLIENT, logInUpstream, pathOf, startUpstream, through, type UpstreamServer } from '../../support/upstream.ts'
import { visit } from '../../support/visitor.ts'

const ADA = { sub: 'ada-at-acme', email: 'ada@example.com', email_verified: true, name: 'Ada Lovelace' }
const CALLBACKS = ['acme', 'globex'].map((name) => `http://localhost:3000/v1/auth/${name}/callback`)

/** Two providers. */
async function world (t: Test, options: Partial<AppOptions> = {}, settings: Record<string, unknown> = {}) {
  const [acme, globex] = [await startUpstream(t, CALLBACKS, settings), await startUpstream(t, CALLBACKS)]
  const { app, logs } = await build(t, {
    ...options,
    social: { acme: { ...CLIENT, issuer: acme.issuer, label: 'Acme' }, globex: { ...CLIENT, issuer: globex.issuer, label: 'Globex' } }
  })
  return { app, logs, acme, globex }
}

/** Some paths of a provider are answered otherwise. */
function intercept ({ server }: UpstreamServer, path: RegExp, answer: (request: IncomingMessage, response: ServerResponse) => void): void {
  const [handle] = server.listeners('request') as [typeof answer]
  server.removeAllListeners('request')
  server.on('request', (request, response) => (path.test(request.url ?? '') ? answer : handle)(request, response))
}

const keys = (kid: string) => ({
  keys: [{ ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' }]
})
const publicKeys = (kid: string) => ({
  keys: [{ ...generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' }]
})

t.test('keys that a provider has replaced are fetched at the next login, at the same address', async (t) => {
  const { app, acme, logs } = await world(t, {}, { jwks: keys('before') })
  t.equal((await logInUpstream(visit(app), acme, ADA)).statusCode, 303)
  const port = Number(new URL(acme.issuer).port)
  acme.server.closeAllConnections()
  await new Promise((resolve) => acme.server.close(resolve))
  const again = await startUpstream(t, CALLBACKS, { port, jwks: keys('after') })
  t.equal((await logInUpstream(visit(app), again, ADA)).statusCode, 303, logs())
  t.equal((await sql(app, 'SELECT FROM users')).length, 1)
})

t.test('an id token under a key that the provider does not publish is refused', async (t) => {
  const { app, acme, logs } = await world(t, {}, { jwks: keys('real') })
  const others = JSON.stringify(publicKeys('real'))
  intercept(acme, /^\/jwks/, (_request, response) => response.setHeader('content-type', 'application/json').end(others))
  const answer = await logInUpstream(visit(app), acme, ADA)
  t.match([answer.statusCode, answer.body], [401, /has failed/])
  t.match(logs(), /JWT signature verification failed/)
  t.equal((await sql(app, 'SELECT FROM users')).length, 0)
})

t.test('a provider that answers slowly, whichever of its addresses, is given up after five seconds; other logins are unharmed meanwhile', async (t) => {
  const { app, acme, globex } = await world(t)
  await register(app, { email: 'bob@example.com' })
  const visitors = [visit(app), visit(app), visit(app)]
  const backs: string[] = []
  for (const visitor of visitors) backs.push(pathOf(await through(await visitor.get('/v1/auth/acme/redirect'), ADA, acme)))
  intercept(acme, /^\/jwks/, () => {})
  const waiting = Promise.all(visitors.map(async (visitor, index) => await visitor.get(backs[index]!)))
  const logins = await Promise.all([login(app, { email: 'bob@example.com' }), logInUpstream(visit(app), globex, { ...ADA, sub: 'at globex' }, { name: 'globex' })])
  t.same(logins.map(({ statusCode }) => statusCode), [200, 303])
  for (const { statusCode, body } of await waiting) t.match([statusCode, body], [503, /Acme does not answer at the moment/])
})

t.test('a code of another provider is not sent to the one that was asked (mix-up, RFC 9207)', async (t) => {
  const { app, acme, globex, logs } = await world(t)
  let redeemed = 0
  intercept(acme, /^\/token/, (_request, response) => {
    redeemed++
    response.writeHead(400).end()
  })
  const visitor = visit(app)
  // Acme sends the browser on to Globex, where the same request is valid
  const asked = new URL((await visitor.get('/v1/auth/acme/redirect')).headers.location!)
  const sentOn = `${globex.issuer}/auth?${asked.searchParams}`
  const back = pathOf(await through(sentOn, ADA, globex))
  t.match(back, /^\/v1\/auth\/acme\/callback\?code=/)
  const answer = await visitor.get(back)
  t.match([answer.statusCode, answer.body], [401, /has failed/])
  t.equal(redeemed, 0, 'Acme never sees the code')
  t.match(logs(), /unexpected \\"iss\\" \(issuer\)/)
})

t.test('an answer that arrives twice at once is one login', async (t) => {
  const { app, acme } = await world(t)
  const visitor = visit(app)
  const back = pathOf(await through(await visitor.get('/v1/auth/acme/redirect'), ADA, acme))
  const answers = await Promise.all([visitor.get(back), visitor.get(back)])
  t.same(answers.map(({ statusCode }) => statusCode).sort(), [303, 400])
  t.equal((await sql(app, 'SELECT FROM browser_sessions')).length, 1)
})

t.test('an account that is joined by two callbacks at once is joined, and told of, once', async (t) => {
  const smtp = await startSmtp(t)
  const { app, acme } = await world(t, { mail: { url: smtp.url, from: 'no-reply@example.com' } })
  await register(app)
  await sql(app, 'UPDATE identifiers SET verified_at = now()')
  const visitors = [visit(app), visit(app), visit(app)]
  const paths: string[] = []
  for (const visitor of visitors) paths.push(pathOf(await through(await visitor.get('/v1/auth/acme/redirect'), ADA, acme)))
  const answers = await Promise.all(visitors.map(async (visitor, index) => await visitor.get(paths[index]!)))
  t.same(answers.map(({ statusCode }) => statusCode), [303, 303, 303])
  t.equal((await sql(app, 'SELECT FROM social_accounts')).length, 1)
  t.equal((await sql(app, "SELECT FROM audit_events WHERE type = 'user.registered'")).length, 1)
  t.ok(await eventually(async () => (await sql(app, 'SELECT FROM outbox')).length === 0))
  t.equal(smtp.mails.filter(({ headers }) => headers['subject'] === 'A new way to log in to Latchkey').length, 1)
})
