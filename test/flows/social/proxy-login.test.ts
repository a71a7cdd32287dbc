import t, { type Test } from 'tap'
import Fastify from 'fastify'
import { clientProxy } from '../../../src/index.ts'
import type { AppOptions } from '../../../plugins/latchkey.ts'
import { build, claimsOf, makeClient, register } from '../../support/start-server.ts'
import { freePort } from '../../support/free-port.ts'
import { sql } from '../../support/session-rows.ts'
import { CLIENT, logInUpstream, pathOf, startUpstream, through } from '../../support/upstream.ts'
import { formOf, visit, type Answer } from '../../support/visitor.ts'

const ADA = { sub: 'ada-at-acme', email: 'ada@example.com', email_verified: true, name: 'Ada Lovelace' }
const PAGE = 'https://app.example.com/welcome?tab=1'

async function world (t: Test, options: Partial<AppOptions> = {}) {
  const upstream = await startUpstream(t, ['http://localhost:3000/v1/auth/acme/callback'])
  const { app, logs, databaseUrl } = await build(t, {
    scopes: { 'orders:read': 'See your orders', 'orders:write': 'Order' }, ...options,
    social: { acme: { ...CLIENT, issuer: upstream.issuer, label: 'Acme' } }
  })
  await sql(app, "UPDATE clients SET redirect_uris = $1, default_scopes = '{orders:read}' WHERE slug = 'web'", [[PAGE, 'http://127.0.0.1:5173/']])
  return { app, logs, databaseUrl, upstream, visitor: visit(app) }
}

const query = (more: Record<string, string> = {}) => `?${new URLSearchParams({ client: 'web', return_to: PAGE, ...more })}`

/** The cookie of the proxy, as the browser stores it. */
const proxyCookie = (answer: Answer) => answer.cookies.find(({ name }) => name === 'refreshToken')

const refreshBy = (app: Awaited<ReturnType<typeof world>>['app'], answer: Answer, body: object = {}) => app.inject({
  method: 'POST', url: '/v1/clients/web/refresh', payload: body, headers: { cookie: `refreshToken=${proxyCookie(answer)?.value}`, 'sec-fetch-site': 'same-origin' }
})

t.test('the application of a proxy gets its cookie and no token in an address; its page refreshes', async (t) => {
  const { app, upstream, visitor, logs } = await world(t)
  const started = await visitor.get(`/v1/auth/acme/redirect${query()}`)
  t.equal(started.statusCode, 303)
  const done = await visitor.get(pathOf(await through(started, ADA, upstream)))
  t.match([done.statusCode, done.headers.location], [303, PAGE], 'exactly the registered address')
  t.match(proxyCookie(done), { path: '/v1/clients/web', httpOnly: true, sameSite: 'Lax' })
  t.equal(done.cookies.filter(({ name }) => name.includes('session')).length, 0, 'no browser session')
  t.same(await sql(app, 'SELECT FROM browser_sessions'), [])

  const refreshed = await refreshBy(app, done)
  t.equal(refreshed.statusCode, 200)
  const { access_token: token, scope } = refreshed.json<{ access_token: string, scope: string }>()
  t.equal(scope, 'orders:read', 'the default scopes of the client, as at its login')
  t.match(claimsOf(token), { amr: ['fed'] })
  t.match(await sql(app, 'SELECT s.amr, c.slug, s.auth_time <= now() AS past FROM sessions s JOIN clients c ON c.id = s.client_id'), [{ amr: ['fed'], slug: 'web', past: true }])
  t.notMatch(logs(), proxyCookie(done)!.value)

  const again = await visitor.get(pathOf(await through(await visitor.get(`/v1/auth/acme/redirect${query({ scope: 'orders:write' })}`), ADA, upstream)))
  t.equal((await refreshBy(app, again)).json<{ scope: string }>().scope, 'orders:write')
  t.equal((await sql(app, 'SELECT FROM users')).length, 1)
})

t.test('a login for a proxy ends nowhere but at an address of its client, and is refused before it starts', async (t) => {
  const { app, visitor } = await world(t)
  await makeClient(app, { slug: 'other', grantTypes: ['password', 'refresh_token'], firstParty: true, redirectUris: [PAGE], proxy: false })
  for (const [asked, why] of [
    [{ return_to: 'https://evil.example/' }, 'another site'],
    [{ return_to: `${PAGE}&x=1` }, 'not the same text'],
    [{ return_to: 'https://app.example.com/' }, 'another path'],
    [{ return_to: `${PAGE}#x` }, 'a fragment'],
    [{ return_to: 'http://127.0.0.1:5174/' }, 'another port: the client has a secret'],
    [{ return_to: '//evil.example' }, 'another host'],
    [{ return_to: '/\\evil.example' }, 'a backslash'],
    [{ return_to: '' }, 'no address'],
    [{ return_to: '/account' }, 'a path on this server'],
    [{ client: 'nobody' }, 'no such client'],
    [{ client: 'other' }, 'a client without proxy'],
    [{ client: 'personal-access' }, 'a client without logins'],
    [{ scope: 'orders:burn' }, 'an unknown scope']
  ] as const) {
    const answer = await visitor.get(`/v1/auth/acme/redirect${query(asked)}`)
    t.match([answer.statusCode, answer.headers.location], [400, undefined], why)
  }
  t.equal((await visitor.get('/v1/auth/acme/redirect?client=web')).statusCode, 400, 'return_to is required')
  t.same(await sql(app, 'SELECT FROM one_time_tokens'), [], 'nothing was stored')
})

t.test('without logins at proxies there are none by providers', async (t) => {
  const { visitor } = await world(t, { passwordGrant: 'off' })
  t.equal((await visitor.get(`/v1/auth/acme/redirect${query()}`)).statusCode, 400)
})

t.test('an address that was taken from the client meanwhile is not gone to', async (t) => {
  const { app, databaseUrl, upstream, visitor } = await world(t)
  const back = pathOf(await through(await visitor.get(`/v1/auth/acme/redirect${query()}`), ADA, upstream))
  await sql(app, "UPDATE clients SET redirect_uris = '{}' WHERE slug = 'web'")
  const elsewhere = visit((await build(t, { databaseUrl, social: { acme: { ...CLIENT, issuer: upstream.issuer } } })).app)
  for (const [name, value] of visitor.cookies) elsewhere.cookies.set(name, value)
  const canceled = pathOf(await through(await elsewhere.get('/v1/auth/acme/redirect'), null, upstream))
  const answer = await elsewhere.get(back)
  t.match([answer.statusCode, answer.headers.location, proxyCookie(answer)], [400, undefined, undefined])
  t.equal((await elsewhere.get(canceled)).statusCode, 200, 'our own pages go on')
})

t.test('what goes wrong is said by a word of the protocols, at the page of the application', async (t) => {
  const { app, upstream, visitor } = await world(t)
  const at = (answer: Answer) => [answer.statusCode, answer.headers.location, proxyCookie(answer)]
  t.same(at(await logInUpstream(visitor, upstream, null, { query: query() })), [303, `${PAGE}&error=access_denied`, undefined], 'canceled')
  await register(app)
  t.same(at(await logInUpstream(visitor, upstream, ADA, { query: query() })), [303, `${PAGE}&error=login_required`, undefined], 'has an account that was not joined')
  await logInUpstream(visitor, upstream, { ...ADA, sub: 'eve', email_verified: false })
  await sql(app, 'UPDATE users SET disabled_at = now()')
  t.same(at(await logInUpstream(visitor, upstream, { ...ADA, sub: 'eve' }, { query: query() })), [303, `${PAGE}&error=access_denied`, undefined], 'disabled')

  const back = pathOf(await through(await visitor.get(`/v1/auth/acme/redirect${query()}`), ADA, upstream))
  const forged = await visitor.get(back.replace(/iss=[^&]*/, 'iss=https%3A%2F%2Fevil.example'))
  t.same(at(forged), [303, `${PAGE}&error=server_error`, undefined])
  const replayed = await visitor.get(back)
  t.match([replayed.statusCode, replayed.headers.location], [400, undefined], 'an unknown state leads nowhere')

  const waiting = pathOf(await through(await visitor.get(`/v1/auth/acme/redirect${query()}`), ADA, upstream))
  upstream.server.closeAllConnections()
  upstream.server.close()
  t.same(at(await visitor.get(waiting)), [303, `${PAGE}&error=temporarily_unavailable`, undefined])
})

t.test('a provider that cannot be reached is told at the page of the application', async (t) => {
  const { upstream, visitor } = await world(t)
  upstream.server.closeAllConnections()
  upstream.server.close()
  const answer = await visitor.get(`/v1/auth/acme/redirect${query()}`)
  t.match([answer.statusCode, answer.headers.location], [303, `${PAGE}&error=temporarily_unavailable`])
})

t.test('only the browser that has started gets the cookie, once', async (t) => {
  const { app, upstream, visitor } = await world(t)
  const back = pathOf(await through(await visitor.get(`/v1/auth/acme/redirect${query()}`), ADA, upstream))
  const victim = visit(app)
  await victim.get(`/v1/auth/acme/redirect${query()}`)
  for (const stranger of [victim, visit(app)]) {
    const answer = await stranger.get(back)
    t.match([answer.statusCode, proxyCookie(answer)], [400, undefined])
  }
  const both = await Promise.all([visitor.get(back), visitor.get(back)])
  t.same(both.map(({ statusCode }) => statusCode).sort(), [303, 400])
  t.equal((await sql(app, 'SELECT FROM sessions')).length, 1)
})

t.test('two tabs of a browser end each where it has begun', async (t) => {
  const { app, upstream, visitor } = await world(t)
  const first = await visitor.get(`/v1/auth/acme/redirect${query()}`)
  const second = await visitor.get(`/v1/auth/acme/redirect${query({ return_to: 'http://127.0.0.1:5173/', client: 'web' })}`)
  const pages = await visitor.get('/v1/auth/acme/redirect?return_to=/account')
  const [b, c, a] = [await through(second, ADA, upstream), await through(pages, ADA, upstream), await through(first, ADA, upstream)]
  const ends = [await visitor.get(pathOf(b)), await visitor.get(pathOf(c)), await visitor.get(pathOf(a))]
  t.same(ends.map(({ headers }) => headers.location), ['http://127.0.0.1:5173/', '/account', PAGE])
  t.equal((await sql(app, 'SELECT FROM sessions')).length, 2)
  t.equal((await visitor.get('/account')).statusCode, 200)
})

t.test('whoever was logged in on our pages before stays so', async (t) => {
  const { app, upstream, visitor } = await world(t, { terms: { version: '1', url: 'https://example.com/terms' } })
  const page = await visitor.follow(await logInUpstream(visitor, upstream, ADA))
  await visitor.submit(page, { terms_accepted: 'true' })
  t.equal((await visitor.get('/account')).statusCode, 200)
  await sql(app, "UPDATE users SET terms_version = '0'")
  const asked = await visitor.follow(await logInUpstream(visitor, upstream, ADA, { query: query() }))
  const done = await visitor.follow(await visitor.submit(asked, { terms_accepted: 'true' }))
  t.match([done.statusCode, done.headers.location], [303, PAGE])
  t.equal((await visitor.get('/account')).statusCode, 200)
})

t.test('terms are accepted on our page first; afterwards the application gets its cookie, and no browser session is left', async (t) => {
  const { app, upstream, visitor } = await world(t, { terms: { version: '1', url: 'https://example.com/terms' } })
  const asked = await logInUpstream(visitor, upstream, ADA, { query: query() })
  t.match([asked.statusCode, proxyCookie(asked)], [303, undefined])
  const page = await visitor.follow(asked)
  t.match(page.body, 'name="terms_accepted"')
  t.notOk(proxyCookie(page), 'not before')
  const goOn = await visitor.submit(page, { terms_accepted: 'true' })
  t.match(goOn.headers.location, /^\/v1\/auth\/acme\/continue\?state=lk_ot_/)

  const stranger = await visit(app).get(goOn.headers.location!)
  t.match([stranger.statusCode, proxyCookie(stranger)], [400, undefined], 'in another browser it is worth nothing')
  const done = await visitor.get(goOn.headers.location!)
  t.match([done.statusCode, done.headers.location], [303, PAGE])
  t.equal((await refreshBy(app, done)).statusCode, 200)
  t.match(await sql(app, 'SELECT amr FROM sessions'), [{ amr: ['fed'] }])
  t.equal((await visitor.get('/account')).statusCode, 303, 'nobody is logged in on our pages')
  t.equal((await visitor.get(goOn.headers.location!)).statusCode, 400, 'once')
})

t.test('whoever has not accepted the terms gets no cookie by the address that comes after them', async (t) => {
  const { upstream, visitor } = await world(t, { terms: { version: '1', url: 'https://example.com/terms' } })
  const asked = await logInUpstream(visitor, upstream, ADA, { query: query() })
  const { return_to: path } = Object.fromEntries(new URL(asked.headers.location!, 'http://localhost').searchParams)
  const again = await visitor.get(path!)
  t.match([again.statusCode, proxyCookie(again)], [303, undefined])
  t.match(again.headers.location, /return_to=/, 'is asked again')
  const page = await visitor.follow(again)
  const done = await visitor.follow(await visitor.submit(page, { terms_accepted: 'true' }))
  t.match([done.headers.location, proxyCookie(done)?.path], [PAGE, '/v1/clients/web'])
})

t.test('a change of the password between the question and the answer ends the login', async (t) => {
  const { app, upstream, visitor } = await world(t, { terms: { version: '1', url: 'https://example.com/terms' } })
  const page = await visitor.follow(await logInUpstream(visitor, upstream, ADA, { query: query() }))
  const goOn = await visitor.submit(page, { terms_accepted: 'true' })
  await sql(app, 'UPDATE users SET password_stamp = password_stamp + 1')
  const done = await visitor.get(goOn.headers.location!)
  t.match([done.headers.location, proxyCookie(done)], [`${PAGE}&error=access_denied`, undefined])
})

t.test('during the days of grace the restoration is asked for first', async (t) => {
  const { app, upstream, visitor } = await world(t)
  await logInUpstream(visitor, upstream, ADA, { query: query() })
  await sql(app, 'UPDATE users SET deletion_requested_at = now()')
  const asked = await logInUpstream(visitor, upstream, ADA, { query: query() })
  t.match([asked.statusCode, proxyCookie(asked)], [200, undefined])
  const { hidden, action } = formOf(asked, ['decision'])
  const done = await visitor.follow(await visitor.post(action, { ...hidden, decision: 'restore' }))
  t.match([done.statusCode, done.headers.location], [303, PAGE])
  t.equal((await refreshBy(app, done)).statusCode, 200)
})

t.test('an address that must be verified is asked for first', async (t) => {
  const mails: { text: string }[] = []
  const { app, upstream, visitor } = await world(t, {
    requireEmailVerification: 'on', mail: { send: async (mail) => { mails.push(mail) }, from: 'a@example.com' }
  })
  await logInUpstream(visitor, upstream, ADA, { query: query() })
  await sql(app, 'UPDATE identifiers SET verified_at = NULL')
  const asked = await logInUpstream(visitor, upstream, ADA, { query: query() })
  t.match([asked.statusCode, proxyCookie(asked)], [200, undefined])
  const code = async () => {
    for (let tries = 0; tries < 100; tries++) {
      const found = mails.map(({ text }) => /\b(\d{3}[ -]?\d{3})\b/.exec(text)?.[1]).find(Boolean)
      if (found) return found
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    throw new Error('no mail')
  }
  const done = await visitor.follow(await visitor.submit(asked, { code: await code() }))
  t.match([done.statusCode, done.headers.location], [303, PAGE])
  t.equal((await refreshBy(app, done)).statusCode, 200)
})

t.test('a proxy of another process accepts the cookie where it stands at the address of the server', async (t) => {
  const port = await freePort()
  const upstream = await startUpstream(t, [`http://127.0.0.1:${port}/v1/auth/acme/callback`])
  const { app } = await build(t, { appUrl: `http://127.0.0.1:${port}`, social: { acme: { ...CLIENT, issuer: upstream.issuer } } })
  await app.listen({ host: '127.0.0.1', port })
  const { id, secret } = await makeClient(app, {
    slug: 'shop', grantTypes: ['password', 'refresh_token'], firstParty: true, proxy: true, redirectUris: [PAGE]
  })
  const remote = Fastify()
  t.teardown(() => remote.close())
  await remote.register(clientProxy, { issuer: `http://127.0.0.1:${port}`, clients: { shop: { id, secret } }, appUrl: `http://127.0.0.1:${port}` })
  const visitor = visit(app, { origin: `http://127.0.0.1:${port}` })
  const done = await logInUpstream(visitor, upstream, ADA, { query: query({ client: 'shop' }) })
  t.equal(proxyCookie(done)?.path, '/v1/clients/shop')
  const refreshed = await remote.inject({
    method: 'POST', url: '/v1/clients/shop/refresh', payload: {}, headers: { cookie: `refreshToken=${proxyCookie(done)?.value}`, 'sec-fetch-site': 'same-origin' }
  })
  t.equal(refreshed.statusCode, 200)
  t.ok(refreshed.json<{ access_token: string }>().access_token)
})
