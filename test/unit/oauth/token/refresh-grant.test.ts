import t from 'tap'
import { v7 as uuidv7 } from 'uuid'
import { deriveKeys } from '../../../../src/crypto/app-key.ts'
import { createEvents, type EventName } from '../../../../src/events/events.ts'
import { refreshTokenGrant } from '../../../../src/oauth/token/grants/refresh-token.ts'
import type { Client, Sessions, Superseded } from '../../../../src/oauth/ports.ts'
import { createRefreshTokens } from '../../../../src/sessions/refresh-token.ts'
import { createScopes } from '../../../../src/oauth/scopes.ts'
import { errorWith } from '../../../support/error-with.ts'
import { createClock } from '../../../../src/runtime/clock.ts'

const client = { id: 'lk_client_1', refreshGrace: null, firstParty: false, scopes: ['*'] } as unknown as Client
const caller = { ip: '192.0.2.1', userAgent: 'test' }
const refreshTokens = createRefreshTokens(deriveKeys([Buffer.alloc(32).toString('base64')], 'refresh-tokens'), { issuer: 'https://id.example' })
const token = { sessionId: uuidv7(), generation: 3, secret: refreshTokens.newSecret() }

const found: Superseded = {
  sessionId: token.sessionId,
  userId: uuidv7(),
  clientId: client.id,
  scopes: ['read'],
  resources: [],
  tokenEpoch: 0,
  authTime: new Date(),
  amr: ['pwd'],
  oidc: null,
  generation: 4,
  expiresAt: new Date(Date.now() + 1_000_000),
  alive: true,
  supersededFor: 5,
  successorUnused: false,
  lastUsedAt: new Date(),
  ...caller
}

/** The grant on a store that finds no row to rotate until its last answer, and then what is given. */
function grantOn (
  { row = found, rotations = [null], grace = 30 }: {
    row?: Superseded | null, rotations?: (Awaited<ReturnType<Sessions['rotate']>>)[],
    grace?: number
  }
) {
  const calls: string[] = []
  const sessions = {
    rotate: async () => { calls.push('rotate'); return rotations.length > 1 ? rotations.shift()! : rotations[0]! },
    inspect: async () => { calls.push('inspect'); return row },
    recover: async () => { calls.push('recover'); return { ...found, generation: 6 } },
    noteReplay: async () => { calls.push('noteReplay') }
  } as unknown as Sessions
  const events = createEvents((error) => { throw error })
  for (const name of ['session.replayed', 'database.went_back'] satisfies EventName[]) events.on(name, () => { calls.push(name) })
  const grant = refreshTokenGrant({
    sessions,
    clock: createClock(),
    sessionEnds: { reused: async () => { calls.push('reused'); return true } },
    refreshTokens,
    scopes: createScopes({ read: '', write: '' }),
    idleTtl: 1000,
    grace,
    events,
    issueTokens: async ({ grant: { generation }, scopes, refreshTokenExpiresIn }) => ({
      about: { clientId: client.id, userId: null, sessionId: null }, refreshTokenExpiresIn,
      body: { token_type: 'Bearer', access_token: '', expires_in: 1, refresh_token: String(generation), scope: scopes.join(' ') }
    })
  })
  const run = (scope?: string, from = client) =>
    grant.issue({
      client: from, caller, resources: null,
      params: { refresh_token: refreshTokens.encode(token), ...(scope !== undefined && { scope }) }
    })
  return { run, calls }
}

t.test('the refresh grant checks for an ended session, then reuse, then scope, then the grace', async (t) => {
  const ended = { alive: false }
  const old = { supersededFor: Infinity }
  for (const { name, row, scope, error, calls } of [
    { name: 'missing', row: null, error: 'invalid_grant', calls: [] },
    { name: 'ended and old', row: { ...found, ...ended, ...old }, error: 'invalid_grant', calls: [] },
    { name: 'ended within the grace', row: { ...found, ...ended }, error: 'invalid_grant', calls: [] },
    { name: 'of another client and old', row: { ...found, ...old, clientId: 'lk_client_2' }, error: 'invalid_grant', calls: [] },
    { name: 'ended, and a scope too many', row: { ...found, ...ended }, scope: 'write', error: 'invalid_grant', calls: [] },
    { name: 'old, and a scope too many', row: { ...found, ...old }, scope: 'write', error: 'invalid_grant', calls: ['reused'] },
    { name: 'old', row: { ...found, ...old }, error: 'invalid_grant', calls: ['reused'] },
    { name: 'within the grace, and a scope too many', row: { ...found }, scope: 'write', error: 'invalid_scope', calls: [] },
    { name: 'current, and a scope too many', row: { ...found, supersededFor: null }, scope: 'write', error: 'invalid_scope', calls: [] }
  ]) {
    const grant = grantOn({ row })
    await t.rejects(grant.run(scope), errorWith({ error }), name)
    t.same(grant.calls, ['rotate', 'inspect', ...calls], name)
  }
  const grant = grantOn({})
  t.equal((await grant.run()).body.refresh_token, '4')
  t.same(grant.calls, ['rotate', 'inspect', 'session.replayed'])
})

t.test('the grace ends after exactly its seconds', async (t) => {
  for (const { supersededFor, grace, refreshGrace, good } of [
    { supersededFor: 29.999, grace: 30, refreshGrace: null, good: true },
    { supersededFor: 30, grace: 30, refreshGrace: null, good: false },
    { supersededFor: 0, grace: 0, refreshGrace: null, good: false },
    { supersededFor: 0, grace: 30, refreshGrace: 0, good: false },
    { supersededFor: 59, grace: 30, refreshGrace: 60, good: true }
  ]) {
    const { run, calls } = grantOn({ row: { ...found, supersededFor }, grace })
    const answered = await run(undefined, { ...client, refreshGrace }).then(() => true, () => false)
    t.equal(answered, good, JSON.stringify({ supersededFor, grace, refreshGrace }))
    t.equal(calls.includes('reused'), !good)
  }
})

t.test('a rotation that loses to concurrent changes is tried again, then refused, and never revokes', async (t) => {
  const row = { ...found, supersededFor: null, generation: 3 }
  const rotated = { ...found, generation: 4, wentBack: false }
  for (const grace of [0, 30]) {
    const second = grantOn({ row, grace, rotations: [null, rotated] })
    t.equal((await second.run()).body.refresh_token, '4')
    t.same(second.calls, ['rotate', 'inspect', 'rotate'])
    const never = grantOn({ row, grace })
    await t.rejects(never.run(), errorWith({ error: 'invalid_grant' }))
    t.same(never.calls, ['rotate', 'inspect', 'rotate', 'inspect', 'rotate', 'inspect'])
  }
})

t.test('after a replay the refresh token expires with the remaining idle time, after a rotation with all of it', async (t) => {
  const near = (seconds: number | undefined, expected: number) => t.ok(Math.abs(seconds! - expected) <= 1, `${seconds} of ${expected}`)
  near((await grantOn({ row: { ...found, lastUsedAt: new Date(Date.now() - 400_000) } }).run()).refreshTokenExpiresIn, 600)
  near((await grantOn({ row: { ...found, expiresAt: new Date(Date.now() + 50_000) } }).run()).refreshTokenExpiresIn, 50)
  near(
    (await grantOn({ rotations: [{ ...found, wentBack: false, expiresAt: new Date(Date.now() + 5_000_000) }] }).run())
      .refreshTokenExpiresIn,
    1000
  )
})

t.test('a session whose row is behind the token is reported and refreshed', async (t) => {
  const { run, calls } = grantOn({ rotations: [{ ...found, wentBack: true }] })
  await run()
  t.same(calls, ['rotate', 'database.went_back'])
})

t.test('a replay from another address and another user agent is recorded', async (t) => {
  for (const { ip, userAgent, noted } of [
    { ip: caller.ip, userAgent: caller.userAgent, noted: false },
    { ip: '192.0.2.9', userAgent: caller.userAgent, noted: false },
    { ip: caller.ip, userAgent: 'other', noted: false },
    { ip: '192.0.2.9', userAgent: 'other', noted: true },
    { ip: '192.0.2.9', userAgent: null, noted: true }
  ]) {
    const { run, calls } = grantOn({ row: { ...found, ip, userAgent } })
    await run()
    t.equal(calls.includes('noteReplay'), noted, `${ip} ${userAgent}`)
  }
})
