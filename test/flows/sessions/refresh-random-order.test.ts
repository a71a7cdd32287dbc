import t from 'tap'
import type { FastifyInstance } from 'fastify'
import { sharedServers } from '../../support/shared-server.ts'
import { eventually, login, logout, profile, refresh, register, type Tokens } from '../../support/start-server.ts'
import { age, auditEvents, revocations, rotated, sessionId, sessionOf, sql, type SessionRow } from '../../support/session-rows.ts'
import { internals } from '../../../plugins/internals.ts'

const build = sharedServers(t)

type Answer = Awaited<ReturnType<typeof refresh>>

const ROUNDS = 200
const AT_ONCE = 4

/** The same sequence for the same seed (mulberry32), so that a failing round can be run again. */
function randomFrom (seed: number): () => number {
  return () => {
    seed = (seed + 0x6D2B79F5) | 0
    let value = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32
  }
}

function shuffled<T> (items: T[], random: () => number): T[] {
  return items.map((item) => ({ item, key: random() })).sort((a, b) => a.key - b.key).map(({ item }) => item)
}

async function inBatches (rounds: number, run: (round: number) => Promise<void>): Promise<void> {
  for (let round = 0; round < rounds; round += AT_ONCE) await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => run(round + index)))
}

const refreshed = (answers: Answer[]) => answers.filter(({ statusCode }) => statusCode === 200).map((answer) => answer.json<Tokens>())

t.test('refreshes, replays, logouts and reuse in random order leave every session consistent', async (t) => {
  const { app, databaseUrl } = await build(t)
  const other = await build(t, { databaseUrl })
  await register(app)
  const problems: string[] = []
  const seen = { revoked: 0, alive: 0, reused: 0 }

  async function round (seed: number): Promise<void> {
    const random = randomFrom(seed)
    const anyApp = () => random() < 0.5 ? app : other.app
    const say = (problem: string) => problems.push(`round ${seed}: ${problem}`)
    const first = (await login(app)).json<Tokens>()
    const second = await rotated(app, first.refresh_token)
    await age(app, first, 31)
    const third = await rotated(other.app, second.refresh_token)
    const withReuse = seed % 3 === 0
    const withLogout = seed % 4 === 0
    const actions: (() => Promise<Answer>)[] = [
      ...Array.from({ length: 4 }, () => () => refresh(anyApp(), third.refresh_token)),
      ...Array.from({ length: 2 }, () => () => refresh(anyApp(), second.refresh_token)),
      ...(withReuse ? [() => refresh(anyApp(), first.refresh_token), () => refresh(anyApp(), first.refresh_token)] : []),
      ...(withLogout ? [() => logout(app, third.access_token)] : [])
    ]
    const answers = await Promise.all(shuffled(actions, random).map((act) => act()))
    for (const { statusCode, body } of answers) if (![200, 202, 401].includes(statusCode)) say(`${statusCode} ${body}`)

    const row = await sessionOf(app, first)
    if (row.generation < 2 || row.generation > 3) say(`generation ${row.generation}`)
    if ((row.revoked_at !== null) !== (withReuse || withLogout)) say('revoked without a cause, or not revoked with one')
    const given = new Map<number, string>()
    for (const { refresh_token: text } of refreshed(answers)) {
      const { generation } = internals(app).sessions.refreshTokens.decode(text)!
      if ((given.get(generation) ?? text) !== text) say(`two tokens of generation ${generation}`)
      if (generation > row.generation) say(`a token of generation ${generation}, the session is at ${row.generation}`)
      given.set(generation, text)
    }
    const last = refreshed(answers).at(-1) ?? third
    await checkTokens(row, [first, last], random() < 0.5 ? app : other.app, say)
  }

  async function checkTokens (row: SessionRow, tokens: Tokens[], where: FastifyInstance, say: (problem: string) => void): Promise<void> {
    const status = row.revoked_at === null ? 200 : 401
    for (const { access_token: accessToken } of tokens) {
      if (!await eventually(async () => (await profile(where, accessToken)).statusCode === status)) say(`an access token is not ${status}`)
    }
    if ((await refresh(where, tokens.at(-1)!.refresh_token)).statusCode !== status) {
      say('the last refresh token does not follow the session')
    }
    seen[row.revoked_at === null ? 'alive' : 'revoked']++
  }

  await inBatches(ROUNDS, round)
  t.same(problems, [])
  const events = await auditEvents(app)
  seen.reused = events.length
  t.equal(new Set(events.map(({ session_id: id }) => id)).size, events.length, 'one event for a session at most')
  t.same([...new Set(events.map(({ type }) => type))], ['session.reused'])
  t.equal(seen.alive, 100)
  t.equal(seen.revoked, 100)
  t.ok(seen.reused > 34 && seen.reused <= 67, `${seen.reused} reuses: a logout came first in some`)
})

t.test('concurrent operations on the sessions of one user cause no deadlock and no error, and ended sessions stay ended', async (t) => {
  const { app, databaseUrl } = await build(t)
  const other = await build(t, { databaseUrl })
  const { id: userId } = (await register(app)).json<{ id: string }>()
  const { passwordHash } = (await internals(app).store.users.find(userId))!
  const ended: Tokens[] = []

  async function changePassword (each: FastifyInstance, keep: Tokens): Promise<void> {
    const { users } = internals(each).store
    const { passwordStamp } = (await users.find(userId))!
    await users.changePassword({ userId, passwordHash: passwordHash!, passwordStamp, keepSession: sessionId(keep) })
  }

  for (let round = 0; round < 25; round++) {
    const logins = await Promise.all(Array.from({ length: 8 }, (_, index) => login(index % 2 ? app : other.app)))
    const sessions = logins.map((answer) => answer.json<Tokens>())
    const [keep, out, reused] = sessions as [Tokens, Tokens, Tokens]
    await rotated(app, (await rotated(app, reused.refresh_token)).refresh_token)
    await age(app, reused, 31)
    const answers = await Promise.all([
      ...sessions.map(({ refresh_token: text }, index) => refresh(index % 2 ? app : other.app, text)),
      ...sessions.map(({ refresh_token: text }) => refresh(app, text)),
      internals(app).store.users.foldRevocations(userId),
      logout(app, out.access_token),
      changePassword(other.app, keep),
      internals(other.app).store.users.foldRevocations(userId),
      internals(app).store.sessions.revoke(sessionId(out)),
      login(other.app)
    ])
    for (const answer of answers) if (answer && 'statusCode' in answer && answer.statusCode >= 500) t.fail(answer.body)
    t.equal((await refresh(app, keep.refresh_token)).statusCode, 200, 'the session that changed the password goes on')
    ended.push(out, reused, ...sessions.slice(3))
  }
  for (const each of [app, other.app]) {
    for (const { access_token: accessToken } of ended) {
      if (!await eventually(async () => (await profile(each, accessToken)).statusCode === 401)) t.fail('an ended session is accepted')
    }
  }
  for (const { refresh_token: text } of ended) t.equal((await refresh(app, text)).statusCode, 401)
  const [{ dangling }] = await sql<{ dangling: number }>(
    app,
    `SELECT count(*)::int AS dangling FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.token_epoch > u.token_epoch`
  ) as [{ dangling: number }]
  t.equal(dangling, 0, 'no session is ahead of its user')
  t.equal((await revocations(app)).filter(({ kind }) => kind === 'user').length, 1)
})
