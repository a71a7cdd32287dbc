import t from 'tap'
import type { FastifyInstance } from 'fastify'
import { v7 as uuidv7 } from 'uuid'
import { deriveKeys } from '../../../src/crypto/app-key.ts'
import { createRefreshTokens } from '../../../src/sessions/refresh-token.ts'
import { sharedServers } from '../../support/shared-server.ts'
import { APP_KEY, makeClient, PASSWORD, refresh, signedIn, token, type MadeClient, type Tokens } from '../../support/start-server.ts'
import { age, auditEvents, refreshGrant, revocations, rotated, sessionOf, sql } from '../../support/session-rows.ts'
import { statementsDuring } from '../../support/statements.ts'
import { internals } from '../../../plugins/internals.ts'

const build = sharedServers(t)

/** A session of a client made for the test. */
async function withClient (app: FastifyInstance, values: Parameters<typeof makeClient>[1] = {}): Promise<MadeClient & { tokens: Tokens }> {
  const made = await makeClient(app, values)
  const answer = await token(app, { grant_type: 'password', username: 'ada@example.com', password: PASSWORD }, made.basic)
  return { ...made, tokens: answer.json<Tokens>() }
}

t.test('RFC 6749 section 6: a refresh token of another client is invalid_grant, and the session goes on', async (t) => {
  const { app } = await build(t)
  await signedIn(app)
  const mine = await withClient(app)
  const other = await makeClient(app)
  const before = await sessionOf(app, mine.tokens)
  t.match((await refreshGrant(app, mine.tokens.refresh_token, other.basic)).json(), { error: 'invalid_grant' })
  t.equal((await refresh(app, mine.tokens.refresh_token)).statusCode, 401, 'nor through the proxy of another')
  t.same(await sessionOf(app, mine.tokens), before)

  const second = (await refreshGrant(app, mine.tokens.refresh_token, mine.basic)).json<Tokens>()
  await age(app, mine.tokens, 31)
  t.match(
    (await refreshGrant(app, mine.tokens.refresh_token, other.basic)).json(),
    { error: 'invalid_grant' },
    'an old one is no reuse there'
  )
  t.equal((await refreshGrant(app, second.refresh_token, mine.basic)).statusCode, 200)
  t.same(await auditEvents(app), [])
  t.same(await revocations(app), [])
})

t.test('RFC 9700 section 4.14.2: forged, altered, truncated and foreign refresh tokens are refused without a statement', async (t) => {
  const { app } = await build(t)
  const { refresh_token: good } = await signedIn(app)
  const { config: { issuer } } = internals(app)
  const decoded = internals(app).sessions.refreshTokens.decode(good)!
  const keysOf = (appKey: string) => deriveKeys([appKey], 'refresh-tokens')
  const flipped = (position: number) => good.slice(0, position) + (good[position] === 'A' ? 'B' : 'A') + good.slice(position + 1)
  const bad: Record<string, string> = {
    empty: 'x',
    'only the prefix': 'lk_rt_',
    'without the prefix': good.slice(6),
    'another prefix': `lk_ac_${good.slice(6)}`,
    'upper-case prefix': `LK_RT_${good.slice(6)}`,
    truncated: good.slice(0, -1),
    'with one character more': `${good}A`,
    'with a space': `${good} `,
    padded: `${good.slice(0, -1)}=`,
    'of ones': `lk_rt_${'_'.repeat(96)}`,
    huge: `lk_rt_${'A'.repeat(50_000)}`,
    'of another APP_KEY': createRefreshTokens(keysOf(Buffer.alloc(32, 'other').toString('base64')), { issuer }).encode(decoded),
    'of another issuer': createRefreshTokens(keysOf(APP_KEY), { issuer: 'https://other.example' }).encode(decoded),
    'of another use of APP_KEY': createRefreshTokens(deriveKeys([APP_KEY], 'check'), { issuer }).encode(decoded),
    ...Object.fromEntries(Array.from({ length: 96 }, (_, index) => [`flipped at ${index}`, flipped(index + 6)]))
  }
  await refresh(app, 'lk_rt_')
  const statements = await statementsDuring(app, async () => {
    for (const [name, text] of Object.entries(bad)) t.equal((await refresh(app, text)).statusCode, 401, name)
  })
  t.ok(statements < 5, `${statements} statements for ${Object.keys(bad).length} refusals: the client is read every 2 s`)
  t.equal((await refresh(app, good)).statusCode, 200)
})

t.test('a token forged with the APP_KEY is refused without the stored secret, and revokes nothing', async (t) => {
  const { app } = await build(t)
  const { refresh_token: good } = await signedIn(app)
  const { encode, decode, newSecret } = internals(app).sessions.refreshTokens
  const decoded = decode(good)!
  for (const forged of [
    { ...decoded, secret: newSecret() },
    { ...decoded, sessionId: uuidv7() },
    { ...decoded, secret: newSecret(), generation: 7 }
  ]) t.equal((await refresh(app, encode(forged))).statusCode, 401)
  t.same(await auditEvents(app), [])
  t.equal((await refresh(app, good)).statusCode, 200)
})

t.test('a refresh after the client, session or user was removed, revoked or disabled is refused, and revokes nothing', async (t) => {
  const { app } = await build(t)
  const { user } = await signedIn(app)
  const ends: Record<string, (made: MadeClient & { tokens: Tokens }) => Promise<unknown>> = {
    'the client is revoked': ({ id }) => sql(app, 'UPDATE clients SET revoked_at = now() WHERE id = $1', [id]),
    'the client is gone': ({ id }) => sql(app, 'DELETE FROM clients WHERE id = $1', [id]),
    'the session is gone': ({ tokens }) =>
      sql(app, 'DELETE FROM sessions WHERE id = $1', [internals(app).sessions.refreshTokens.decode(tokens.refresh_token)!.sessionId]),
    'the user is disabled': () => sql(app, 'UPDATE users SET disabled_at = now() WHERE id = $1', [user.id]),
    'the epoch of the user is higher': () => sql(app, 'UPDATE users SET token_epoch = token_epoch + 1 WHERE id = $1', [user.id])
  }
  for (const [name, end] of Object.entries(ends)) {
    const current = await withClient(app)
    const superseded = await withClient(app)
    await refreshGrant(app, superseded.tokens.refresh_token, superseded.basic)
    const old = await withClient(app)
    await refreshGrant(app, old.tokens.refresh_token, old.basic)
    await age(app, old.tokens, 31)
    const cases = { current, superseded, old }
    for (const [which, made] of Object.entries(cases)) {
      await end(made)
      t.match(
        (await refreshGrant(app, made.tokens.refresh_token, made.basic)).json(),
        { error: 'invalid_grant' },
        `${name}: the ${which} token`
      )
    }
    await sql(app, 'UPDATE users SET disabled_at = NULL')
  }
  t.same(await auditEvents(app), [])
  t.same(await revocations(app), [])
  t.same(await sql(app, 'SELECT id FROM sessions WHERE revoked_at IS NOT NULL'), [])
})

t.test('a user who is disabled and enabled again has no earlier session', async (t) => {
  const { app } = await build(t)
  const first = await signedIn(app)
  const { users } = internals(app).store
  t.ok(await users.setDisabled(first.user.id, true))
  t.equal((await refresh(app, first.refresh_token)).statusCode, 401)
  t.ok(await users.setDisabled(first.user.id, false))
  t.equal((await refresh(app, first.refresh_token)).statusCode, 401)
  t.same(await auditEvents(app), [])
})

t.test('RFC 6749 section 6: a refresh can narrow the scope, for that access token only, and never widen it', async (t) => {
  const { app } = await build(t, { scopes: { read: 'Read', write: 'Write', admin: 'Everything' } })
  await signedIn(app)
  const { tokens: first, basic } = await withClient(app, { scopes: ['read', 'write', 'admin'], defaultScopes: ['read', 'write'] })
  t.equal(first.scope, 'read write')
  const ask = async (refreshToken: string, scope?: string) =>
    (await refreshGrant(app, refreshToken, basic, scope === undefined ? {} : { scope })).json<Tokens & { error: string }>()

  const narrow = await ask(first.refresh_token, 'read')
  t.equal(narrow.scope, 'read')
  const again = await ask(first.refresh_token, 'write')
  t.equal(again.scope, 'write', 'within the grace, too')
  t.equal(again.refresh_token, narrow.refresh_token)
  const wide = await ask(narrow.refresh_token)
  t.equal(wide.scope, 'read write', 'the session has what it had')

  const before = await sessionOf(app, first)
  for (const scope of ['admin', 'read admin', 'unknown', '*']) {
    t.match(await ask(wide.refresh_token, scope), { error: 'invalid_scope' }, scope)
  }
  t.match(await ask(narrow.refresh_token, 'admin'), { error: 'invalid_scope' }, 'within the grace, too')
  t.same(await sessionOf(app, first), before, 'and nothing was rotated')
  t.equal((await ask(wide.refresh_token, ' write  read')).scope, 'write read', 'a space too many is none')
})

t.test('a session with the scope * can be narrowed to any registered scope, and to no other', async (t) => {
  const { app } = await build(t, { scopes: { read: 'Read' } })
  await signedIn(app)
  const { tokens: first, basic } = await withClient(app)
  const all = (
    await token(app, { grant_type: 'password', username: 'ada@example.com', password: PASSWORD, scope: '*' }, basic)
  ).json<Tokens>()
  t.equal(all.scope, '*')
  t.equal((await refreshGrant(app, all.refresh_token, basic, { scope: 'read' })).json<Tokens>().scope, 'read')
  t.match(
    (await refreshGrant(app, first.refresh_token, basic, { scope: 'read' })).json(),
    { error: 'invalid_scope' },
    'one without scopes to none'
  )
  const before = await sessionOf(app, all)
  for (const scope of [
    'invented',
    'read invented',
    'revocations:read',
    Array.from({ length: 5000 }, (_, index) => `s${index}`).join(' ')
  ]) {
    t.match((await refreshGrant(app, all.refresh_token, basic, { scope })).json(), { error: 'invalid_scope' }, scope.slice(0, 20))
  }
  t.same(await sessionOf(app, all), before, 'and nothing was rotated')
})

t.test('RFC 9700 section 4.14.2: a client without the refresh grant gets no refresh token, and cannot use one', async (t) => {
  const { app } = await build(t)
  await signedIn(app)
  const { tokens, basic } = await withClient(app, { grantTypes: ['password'] })
  t.equal(tokens.refresh_token, undefined)
  t.ok(tokens.access_token)
  const { refresh_token: refreshToken } = await rotated(app, (await signedIn(app, { email: 'bob@example.com' })).refresh_token)
  t.match((await refreshGrant(app, refreshToken, basic)).json(), { error: 'unauthorized_client' })
})
