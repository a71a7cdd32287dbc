import t from 'tap'
import { listKeys, revokeKey, rotateKeys } from '../../src/cli/keys.ts'
import { build, claimsOf, eventually, profile, signedIn } from '../support/start-server.ts'
import { contextFor, type TestContext } from './helper.ts'

type Key = { kid: string, alg: string, state: string }

async function keysOf (context: TestContext): Promise<Key[]> {
  return ((await listKeys(context)).json as { keys: Key[] }).keys
}

t.test('the command lists the keys as JSON and as columns', async (t) => {
  const context = await contextFor(t)
  t.match(
    (await keysOf(context)).sort((a, b) => a.alg.localeCompare(b.alg)),
    [{ alg: 'ES256', state: 'current' }, { alg: 'RS256', state: 'current' }]
  )
  const { lines } = await listKeys(context)
  t.match(lines[0], /^KID +ALG +STATE +SIGNS FROM +SIGNS UNTIL$/)
  t.equal(lines.length, 3)
  t.notMatch(JSON.stringify(await listKeys(context)), /sealed|PRIVATE/)
})

t.test('a new key is published before it signs', async (t) => {
  const context = await contextFor(t)
  const { json, lines } = await rotateKeys(context, {})
  t.match(json, { made: { length: 2 } })
  t.same((await keysOf(context)).map(({ state }) => state).sort(), ['current', 'current', 'next', 'next'])
  t.match(lines[0], /^New key /)
})

t.test('with --now a new key signs at once', async (t) => {
  const context = await contextFor(t)
  const before = (await keysOf(context)).map(({ kid }) => kid)
  await rotateKeys(context, { now: true })
  const after = await keysOf(context)
  t.same(after.filter(({ state }) => state === 'retired').map(({ kid }) => kid).sort(), before.sort())
  t.equal(after.filter(({ state }) => state === 'current').length, 2)
})

t.test('revoking the signing key reaches a running server at once, and another key signs', async (t) => {
  const { app, databaseUrl } = await build(t)
  const context = await contextFor(t, { DATABASE_URL: databaseUrl })
  const { access_token: accessToken } = await signedIn(app)
  const { kid } = JSON.parse(Buffer.from(accessToken.split('.')[0]!, 'base64url').toString()) as Key
  const { lines, json } = await revokeKey(context, kid)
  t.equal(lines[0], `Key ${kid} is revoked, and so is every token signed with it.`)
  t.match(json, { kid, revoked: true })
  t.ok(await eventually(async () => (await profile(app, accessToken)).statusCode === 401, 500))
  t.notOk((await keysOf(context)).some((key) => key.kid === kid))

  const next = await signedIn(app, { email: 'grace@example.com' })
  t.equal((await profile(app, next.access_token)).statusCode, 200)
  t.ok(claimsOf(next.access_token)['sub'])
  t.match(await revokeKey(context, kid), { lines: [`Key ${kid} was revoked before.`] })
})

t.test('an unknown key cannot be revoked', async (t) => {
  await t.rejects(revokeKey(await contextFor(t), 'nothing'), { message: 'There is no key nothing; `npx latchkey keys` lists them' })
})
