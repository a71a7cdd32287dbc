import { call } from './http.js'

/** How long a guard without its database continues to accept tokens. */
export const STALENESS_MS = 10_500

/** Records every answer, outside the processes that are killed, and what must be true because of it. */
export function createLedger () {
  const counts = new Map()
  const failures = []
  const successors = new Map()
  const restores = []

  return {
    users: [],
    counts,
    failures,
    count: (name) => counts.set(name, (counts.get(name) ?? 0) + 1),
    fail (text) {
      failures.push(text)
      console.log(`  FAILED: ${text}`)
    },
    /** A refresh token has a single successor, however often and wherever it is presented. */
    successor (presented, next) {
      const known = successors.get(presented)
      if (known !== undefined && known !== next) failures.push('a refresh token got two successors')
      successors.set(presented, next)
    },
    restored (backupAt) {
      restores.push({ backupAt, at: Date.now() })
      console.log(`  backup of ${new Date(backupAt).toISOString()}`)
    },
    hasRestored: () => restores.length > 0,
    /** Whether a row may be missing, because it was created after the backup that was restored. */
    mayBeLost: ({ madeAt }) => restores.some(({ backupAt, at }) => madeAt > backupAt - 1000 && madeAt < at + 1000),
    /** Whether an ended session may still work: a server may not know yet, or the end is missing in a restored backup. */
    mayBeBack: ({ endedAt }) =>
      Date.now() - endedAt < STALENESS_MS || restores.some(({ backupAt, at }) => endedAt > backupAt - 1000 && endedAt < at + 1000)
  }
}

const describe = ({ access, endedAt }) => `${Buffer.from(access.split('.')[1], 'base64url')} ended ${new Date(endedAt).toISOString()}`

/** Checks after the load whether everything that was answered is true. */
export async function check (ledger, base) {
  let checked = 0
  for (const user of ledger.users) {
    if (!user.registered) continue
    const answers = []
    const earlier = ledger.hasRestored() ? user.earlierPasswords : []
    for (const password of [user.password, ...user.maybePasswords, ...earlier]) {
      answers.push(await call(base, 'POST', '/v1/clients/web/login', { json: { email: user.email, password } }))
    }
    checked++
    if (!answers.some(({ status }) => status === 200)) {
      ledger.fail(`${user.email}: registered, and cannot log in (${answers.map(({ status }) => status)})`)
    }
    for (const session of user.sessions) {
      const { status } = await call(base, 'POST', '/v1/clients/web/refresh', { json: { refresh_token: session.refresh } })
      checked++
      if (session.state === 'alive' && status !== 200 && !ledger.mayBeLost(session)) {
        ledger.fail(`${user.email}: a session was lost (${status})`)
      }
      if (session.state === 'ended' && status === 200 && !ledger.mayBeBack(session)) {
        ledger.fail(`${user.email}: a session lives after its logout`)
      }
      if (session.state !== 'ended') continue
      const guarded = await call(base, 'GET', '/v1/profile', { token: session.access })
      if (guarded.status === 200 && !ledger.mayBeBack(session)) {
        ledger.fail(`${user.email}: an access token passes after its ${session.how} ${describe(session)}`)
      }
    }
  }
  return checked
}
