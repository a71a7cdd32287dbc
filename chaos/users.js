import { setTimeout as sleep } from 'node:timers/promises'
import { call } from './http.js'

const pick = (list) => list[Math.floor(Math.random() * list.length)]
const WAIT_MS = 200

/**
 * One user in a loop: registers, logs in, refreshes, calls a guarded route, changes the password, logs out, and records every answer.
 * `maybe…` lists hold requests without an answer, which may have taken effect.
 */
export function createUser (index, servers, ledger, signal) {
  const email = `user${index}-${process.pid}@example.com`
  const user = {
    email, registered: false, password: `first password of user ${index}`, maybePasswords: [], earlierPasswords: [],
    sessions: []
  }
  ledger.users.push(user)
  const count = (name, { unknown, status }) => { ledger.count(unknown === undefined ? `${name} ${status}` : `${name} unknown ${unknown}`) }

  async function post (name, path, json, token, method = 'POST') {
    const answer = await call(pick(servers), method, path, { json, token })
    count(name, answer)
    return answer
  }

  async function register () {
    const answer = await post('register', '/v1/register', { email, password: user.password })
    // 422: an earlier attempt without an answer has registered the user
    if (answer.status === 201 || (answer.status === 422 && user.tried)) user.registered = true
    user.tried = true
  }

  async function logIn () {
    const password = user.password
    const answer = await post('login', '/v1/clients/web/login', { email, password })
    if (answer.status === 401) return await learnPassword()
    if (answer.status !== 200) return
    user.sessions.push({
      access: answer.body.access_token, refresh: answer.body.refresh_token, replaced: [], state: 'alive',
      madeAt: Date.now(), refreshes: 0
    })
  }

  /** A password change without an answer may have taken effect, so one of several passwords is right. */
  async function learnPassword () {
    const restored = ledger.hasRestored() ? user.earlierPasswords : []
    for (const password of [...user.maybePasswords, ...restored]) {
      const answer = await post('login', '/v1/clients/web/login', { email, password })
      if (answer.status === 200) {
        user.earlierPasswords.push(user.password)
        Object.assign(user, { password, maybePasswords: [] })
        return
      }
      if (answer.unknown !== undefined) return
    }
    ledger.fail(`${email}: no password works`)
  }

  async function refresh (session) {
    const presented = session.refresh
    const answer = await post('refresh', '/v1/clients/web/refresh', { refresh_token: presented })
    if (answer.status === 200) {
      Object.assign(session, { access: answer.body.access_token, refresh: answer.body.refresh_token, refreshes: session.refreshes + 1 })
      ledger.successor(presented, session.refresh)
    } else if (answer.status === 401) {
      // A session that should still be valid has been lost
      if (session.state === 'alive' && !ledger.mayBeLost(session)) {
        ledger.fail(`${email}: a session was lost (refresh ${session.refreshes})`)
      }
      session.state = 'gone'
    }
  }

  async function guarded (session) {
    const answer = await call(pick(servers), 'GET', '/v1/profile', { token: session.access })
    count('guarded', answer)
    if (answer.status === 200 && session.state === 'ended' && !ledger.mayBeBack(session)) {
      ledger.fail(`${email}: an access token passed after its logout`)
    }
    if (answer.status === 401 && session.state === 'alive' && !ledger.mayBeLost(session)) {
      ledger.fail(`${email}: an access token was refused without a reason`)
    }
  }

  async function logOut (session) {
    session.state = 'unsure'
    const answer = await post('logout', '/v1/api/logout', undefined, session.access)
    if (answer.status === 202) Object.assign(session, { state: 'ended', how: 'logout', endedAt: Date.now() })
    if (answer.status === 401) session.state = 'gone'
  }

  async function changePassword (session) {
    const next = `password ${Math.random().toString(36).slice(2)} of user ${index}`
    const others = user.sessions.filter((other) => other !== session && other.state === 'alive')
    for (const other of others) other.state = 'unsure'
    user.maybePasswords.push(next)
    const answer = await post(
      'password',
      '/v1/profile/password',
      { current_password: user.password, new_password: next },
      session.access,
      'PATCH'
    )
    if (answer.status === 200) {
      user.earlierPasswords.push(user.password)
      Object.assign(user, { password: next, maybePasswords: [] })
      for (const other of others) Object.assign(other, { state: 'ended', how: 'change of password', endedAt: Date.now() })
    } else if (answer.unknown === undefined) {
      user.maybePasswords = user.maybePasswords.filter((password) => password !== next)
      for (const other of others) other.state = 'alive'
    }
  }

  async function step () {
    if (!user.registered) return await register()
    const alive = user.sessions.filter(({ state }) => state === 'alive')
    if (alive.length < 2) return await logIn()
    const session = pick(alive)
    const dice = Math.random()
    if (dice < 0.45) await refresh(session)
    else if (dice < 0.85) await guarded(pick(user.sessions.filter(({ state }) => state === 'alive' || state === 'ended')))
    else if (dice < 0.97) await logOut(session)
    else await changePassword(session)
  }

  return async () => {
    while (!signal.aborted) {
      await step()
      await sleep(WAIT_MS * Math.random())
    }
  }
}
