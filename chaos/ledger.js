import { call } from './http.js'

/** As long as a guard that is cut off from the database goes on. */
export const STALENESS_MS = 10_500

/** What was answered, outside the processes that are killed, and what must therefore hold. */
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
    /** A refresh token has one successor, however often and wherever it is presented. */
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
    /** Made after the backup that was restored: it cannot be there any more. */
    mayBeLost: ({ madeAt }) => restores.some(({ backupAt, at }) => madeAt > backupAt - 1000 && madeAt < at + 1000),
    /** Ended a moment ago, while a server may not hear of it; or after that backup, and the end is forgotten. */
    mayBeBack: ({ endedAt }) =>
      Date.now() - endedAt < STALENESS_MS || restores.some(({ backupAt, at }) => endedAt > backupAt - 1000 && endedAt < at + 1000)
  }
}

const describe = ({ access, endedAt }) => `${Buffer.from(access.split('.')[1], 'base64url')} ended ${new Date(endedAt).toISOString()}`

/** After the load: asks for each thing that was answered whether it holds. */
export async function check (ledger, base) {
  let checked = 0
  for (const user of ledger.users) {
    if (!user.registered) continue
    const answers = []
    const earlier = ledger.hasRestored() ? user.earlierPasswords : []
    for (const password of [user.password, ...user.maybePasswords, ...earlier]) { answers.push(await call(base, 'POST', '/v1/clients/web/login', { json: { email: user.email, password } })) }
    checked++
    if (!answers.some(({ status }) => status === 200)) { ledger.fail(`${user.email}: registered, and cannot log in (${answers.map(({ status }) => status)})`) }
    for (const session of user.sessions) {
      const { status } = await call(base, 'POST', '/v1/clients/web/refresh', { json: { refresh_token: session.refresh } })
      checked++
      if (session.state === 'alive' && status !== 200 && !ledger.mayBeLost(session)) { ledger.fail(`${user.email}: a session was lost (${status})`) }
      if (session.state === 'ended' && status === 200 && !ledger.mayBeBack(session)) { ledger.fail(`${user.email}: a session lives after its logout`) }
      if (session.state !== 'ended') continue
      const guarded = await call(base, 'GET', '/v1/profile', { token: session.access })
      if (guarded.status === 200 && !ledger.mayBeBack(session)) { ledger.fail(`${user.email}: an access token passes after its ${session.how} ${describe(session)}`) }
    }
  }
  return checked
}
