import { randomBytes } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import t from 'tap'
import { sharedServers } from '../../support/shared-server.ts'
import { PASSWORD, signedIn } from '../../support/start-server.ts'
import { authorizeUrl, CALLBACK, logIn, makeApp, paramsOf, visit } from '../../support/visitor.ts'

const build = sharedServers(t)

const AUTHORIZE = '/v1/oauth/authorize'
const html = { accept: 'text/html' }

t.test('redirects during an authorization request stay short enough for this server to read, however the parameters are encoded', async (t) => {
  const { app } = await build(t)
  const server = await app.listen({ port: 0, host: '127.0.0.1' })
  await signedIn(app)
  const client = await makeApp(app)
  for (const sign of ['"', 'ä', '%', '漢']) {
    const state = sign.repeat(Math.floor(12_000 / encodeURIComponent(sign).length))
    const visitor = visit(app)
    const first = await visitor.get(authorizeUrl(client.id, { state, prompt: 'consent', login_hint: 'ada@example.com', ui_locales: 'de' }))
    const location = first.headers.location!
    t.equal((await fetch(server + location, { headers: html })).status, 200, `${sign}: ${location.length} characters`)
    const page = await visitor.get(location)
    t.match(page.body, 'value="ada@example.com"')
    t.match(page.body, 'Acme Reports')
    t.match(page.body, '<html lang="de"')
    const register = /href="(\/register[^"]*)"/.exec(page.body)![1]!.replaceAll('&amp;', '&').replaceAll('&#38;', '&')
    t.equal((await fetch(server + register, { headers: html })).status, 200, 'register')
    const consent = await visitor.follow(await visitor.submit(page, { username: 'ada@example.com', password: PASSWORD }))
    t.match(consent.body, /\/login\?prompt=login&[^"]*ui_locales=de/, 'who is somebody else keeps the language')
    t.equal(paramsOf(await visitor.submit(consent, { decision: 'allow' }))['state'], state, 'it comes back as it was')
  }
})

t.test('a POST request too long to be continued by GET is refused with a message, and a shorter one continues', async (t) => {
  const { app } = await build(t)
  const server = await app.listen({ port: 0, host: '127.0.0.1' })
  const client = await makeApp(app)
  const post = (state: string) =>
    fetch(server + AUTHORIZE, {
      method: 'POST',
      redirect: 'manual',
      headers: html,
      body: new URLSearchParams(authorizeUrl(client.id, { state, redirect_uri: CALLBACK }).split('?')[1])
    })
  const long = await post('"'.repeat(4000))
  t.equal(long.status, 303)
  t.equal((await fetch(server + long.headers.get('location')!, { headers: html })).status, 200)
  const random = Array.from({ length: 6000 }, (_, index) => String.fromCodePoint(0x4E00 + (index * 7919) % 20_000)).join('')
  const longer = await post(random)
  t.match([longer.status, await longer.text()], [400, 'The request is too long'])
  const bomb = deflateRawSync(`state=${'a'.repeat(5_000_000)}`).toString('base64url')
  for (const packed of ['nonsense', 'A'.repeat(9000), bomb]) {
    t.equal((await fetch(`${server}${AUTHORIZE}?packed=${packed}`, { headers: html })).status, 400, packed.slice(0, 9))
  }
})

t.test('hints are dropped where they would make the address too long', async (t) => {
  const { app } = await build(t)
  const server = await app.listen({ port: 0, host: '127.0.0.1' })
  const client = await makeApp(app)
  // Random text does not get shorter
  const nonce = randomBytes(700).toString('base64url')
  const hint = Array.from(randomBytes(400), (byte) => String.fromCodePoint(0x4E00 + byte * 64)).join('')
  const answer = await fetch(server + authorizeUrl(client.id, { state: nonce.repeat(4), nonce, login_hint: hint, ui_locales: hint }), {
    redirect: 'manual',
    headers: html
  })
  t.equal(answer.status, 303)
  const location = answer.headers.get('location')!
  t.notMatch(location, /login_hint|ui_locales/)
  t.equal((await fetch(server + location, { headers: html })).status, 200)
})

t.test('a long logout request by POST continues after the question', async (t) => {
  const { app } = await build(t)
  const server = await app.listen({ port: 0, host: '127.0.0.1' })
  const answer = await fetch(`${server}/v1/oauth/logout`, {
    method: 'POST', redirect: 'manual', headers: html,
    body: new URLSearchParams({ state: '"'.repeat(6000), ui_locales: 'de' })
  })
  t.equal(answer.status, 303)
  const page = await fetch(server + answer.headers.get('location')!, { headers: html })
  t.match([page.status, await page.text()], [200, '<html lang="de"'])
})

t.test('a guest of a page with a long query logs in and returns to it', async (t) => {
  const { app } = await build(t)
  const server = await app.listen({ port: 0, host: '127.0.0.1' })
  const visitor = visit(app)
  await signedIn(app)
  const answer = await fetch(`${server}/account?q=${'%22'.repeat(4500)}`, { redirect: 'manual', headers: html })
  const location = answer.headers.get('location')!
  t.equal((await fetch(server + location, { headers: html })).status, 200)
  t.equal((await logIn(visitor, location)).headers.location, '/account')
})
