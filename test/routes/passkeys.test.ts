import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { advanceTime } from '../../src/testing.ts'
import { createCredential } from '../support/authenticator.ts'
import { send } from '../support/factors.ts'
import { createMailbox } from '../support/mailbox.ts'
import { addCredential as add, optionsFor } from '../support/passkeys.ts'
import { sql } from '../support/session-rows.ts'
import { sharedServers } from '../support/shared-server.ts'
import { login, profile, signedIn, type Tokens } from '../support/start-server.ts'

const build = sharedServers(t)

const patch = (app: FastifyInstance, id: string, token: string, name: string | null) =>
  app.inject({ method: 'PATCH', url: `/v1/passkeys/${id}`, headers: { authorization: `Bearer ${token}` }, payload: { name } })

t.test('a passkey is added, listed, renamed and removed; other sessions end, and the user is told', async (t) => {
  const mailbox = createMailbox()
  const { app } = await build(t, mailbox.options)
  const mine = await signedIn(app)
  const other = (await login(app)).json<Tokens>()
  await mailbox.fetch(app)
  const options = await optionsFor(app, mine.access_token)
  t.match(options, { rp: { id: 'localhost' }, excludeCredentials: [], attestation: 'none', authenticatorSelection: { residentKey: 'required' } })
  t.equal(Buffer.from(options.user.id, 'base64url').toString('hex'), mine.user.id.replaceAll('-', ''))
  const added = await add(app, mine.access_token, createCredential(options), ' My laptop ')
  t.match([added.statusCode, added.json()], [201, { name: 'My laptop', rp_id: 'localhost', synced: true, last_used_at: null }], added.body)
  const { id } = added.json<{ id: string }>()
  t.equal((await mailbox.fetch(app)).length, 1, 'the user is told')
  t.equal((await profile(app, other.access_token)).statusCode, 401, 'every other session has ended')
  t.match(await sql(app, 'SELECT second_factor FROM users WHERE id = $1', [mine.user.id]), [{ second_factor: false }])
  t.equal((await login(app)).statusCode, 200, 'the password alone logs in')
  t.match((await optionsFor(app, mine.access_token)).excludeCredentials, [{ type: 'public-key' }])
  t.match((await patch(app, id, mine.access_token, 'Desk')).json(), { id, name: 'Desk' })
  t.match((await patch(app, id, mine.access_token, '\u0007')).statusCode, 422)
  t.match((await send(app, 'GET', '/v1/passkeys', mine.access_token)).json(), { passkeys: [{ id, name: 'Desk' }] })
  t.match((await send(app, 'GET', '/v1/profile/export', mine.access_token)).json(), { passkeys: [{ name: 'Desk', rp_id: 'localhost' }] })
  const bob = await signedIn(app, { email: 'bob@example.com' })
  t.equal((await patch(app, id, bob.access_token, 'Mine')).statusCode, 404)
  t.equal((await send(app, 'DELETE', `/v1/passkeys/${id}`, bob.access_token)).statusCode, 404)
  await mailbox.fetch(app)
  t.equal((await send(app, 'DELETE', `/v1/passkeys/${id}`, mine.access_token)).statusCode, 204)
  t.equal((await mailbox.fetch(app)).length, 1)
  t.equal((await send(app, 'DELETE', `/v1/passkeys/${id}`, mine.access_token)).statusCode, 404)
  t.same((await send(app, 'GET', '/v1/passkeys', mine.access_token)).json(), { passkeys: [] })
})

t.test('a credential of another origin, relying party, type, session or time is refused', async (t) => {
  const { app } = await build(t)
  const { access_token: token } = await signedIn(app)
  const options = await optionsFor(app, token)
  const other = (await login(app)).json<Tokens>()
  const bad = [
    createCredential(options, { origin: 'https://evil.example' }),
    createCredential(options, { rpId: 'evil.example' }),
    createCredential(options, { type: 'webauthn.get' }),
    createCredential({ ...options, challenge: Buffer.alloc(56).toString('base64url') }),
    createCredential({ ...options, challenge: 'AA' }),
    createCredential(await optionsFor(app, other.access_token)),
    { ...createCredential(options), response: { clientDataJSON: 'AA', attestationObject: 'AA' } }
  ]
  for (const credential of bad) {
    const answer = await add(app, token, credential)
    t.match([answer.statusCode, Object.keys(answer.json<{ errors: object }>().errors)], [422, ['credential']], answer.body)
  }
  await advanceTime(app, 301)
  t.equal((await add(app, token, createCredential(options))).statusCode, 422, 'too late')
  t.same(await sql(app, 'SELECT FROM passkeys'), [])
})

t.test('a challenge adds one passkey, also of two at once; a credential belongs to one user; there are 20 at most', async (t) => {
  const { app } = await build(t)
  const mine = await signedIn(app)
  const options = await optionsFor(app, mine.access_token)
  const id = Buffer.alloc(16, 7)
  const credentials = [createCredential(options, { id }), createCredential(options)]
  const both = await Promise.all(credentials.map((credential) => add(app, mine.access_token, credential)))
  t.equal(both.filter(({ statusCode }) => statusCode === 201).length, 1)
  t.equal((await sql(app, 'SELECT FROM passkeys')).length, 1)
  t.equal((await add(app, mine.access_token, createCredential(options))).statusCode, 422)
  await sql(app, 'UPDATE passkeys SET credential_id = $1', [id])
  const bob = await signedIn(app, { email: 'bob@example.com' })
  const stolen = await add(app, bob.access_token, createCredential(await optionsFor(app, bob.access_token), { id }))
  t.match([stolen.statusCode, stolen.json()], [422, { errors: { credential: [/.+/] } }])
  const late = await optionsFor(app, mine.access_token)
  await sql(app, `INSERT INTO passkeys (id, user_id, credential_id, public_key, transports, rp_id, backup_eligible, backed_up, aaguid)
    SELECT gen_random_uuid(), $1, decode(md5(n::text), 'hex'), '', '{}', 'localhost', false, false, gen_random_uuid() FROM generate_series(1, 19) n`, [mine.user.id])
  t.match((await add(app, mine.access_token, createCredential(late))).json(), { statusCode: 409, code: 'LK_TOO_MANY_FACTORS' })
  t.match((await send(app, 'POST', '/v1/passkeys/options', mine.access_token)).json(), { code: 'LK_TOO_MANY_FACTORS' })
})

t.test('an attestation is not read; an old login is refused; an IP address and FACTORS=off have no passkeys', async (t) => {
  const { app } = await build(t)
  const { access_token: token } = await signedIn(app)
  const attestation: [string, Map<string, unknown>] = ['packed', new Map<string, unknown>([['alg', -7], ['sig', new Uint8Array(8)], ['x5c', [new Uint8Array(8)]]])]
  t.equal((await add(app, token, createCredential(await optionsFor(app, token), { attestation }))).statusCode, 201)
  t.equal((await app.inject('/v1/passkeys')).statusCode, 401)
  const { app: numeric } = await build(t, { appUrl: 'http://127.0.0.1:3000' })
  const there = await signedIn(numeric)
  t.equal((await send(numeric, 'POST', '/v1/passkeys/options', there.access_token)).statusCode, 404)
  const { app: without } = await build(t, { factors: 'off' })
  t.equal((await send(without, 'GET', '/v1/passkeys', (await signedIn(without)).access_token)).statusCode, 404)
})
