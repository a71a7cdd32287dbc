// The frequent requests, each for a random user or session, so that caches do not help.
import { deriveKeys } from '../../dist/src/crypto/app-key.js'
import { createRefreshTokens } from '../../dist/src/sessions/refresh-token.js'
import { GENERATION, PASSWORD } from './rows.js'

const LANES = 64
const PATH = '/v1/oauth/token'

const form = (params) => ({
  method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams(params).toString()
})
const bearer = (token) => ({ authorization: `Bearer ${token}` })

export async function growthScenarios ({ server, rows, appKey, issuer }) {
  const { users, machine } = server.clients
  const refreshTokens = createRefreshTokens(deriveKeys([appKey], 'refresh-tokens'), issuer)
  const generations = new Map()
  // The first half of the sessions is refreshed at random, the second half is logged out in order
  const half = Math.floor(rows.sessions / 2 / LANES) * LANES
  let leaving = half

  function refresh (index) {
    const { id, secret } = rows.session(index)
    const generation = generations.get(index) ?? GENERATION
    generations.set(index, generation + 1)
    return {
      path: PATH,
      ...form({ ...users, grant_type: 'refresh_token', refresh_token: refreshTokens.encode({ sessionId: id, generation, secret }) })
    }
  }

  const random = (count) => Math.floor(Math.random() * count)
  const first = async (request) => {
    const response = await fetch(`http://127.0.0.1:${server.port}${request.path}`, request)
    if (!response.ok) throw new Error(await response.text())
    return (await response.json()).access_token
  }
  const tokens = []
  for (let lane = 0; lane < LANES; lane++) tokens.push(await first(refresh(lane)))

  const leavers = []
  return {
    password: {
      connections: LANES,
      next: () => ({
        path: PATH,
        ...form({ ...users, grant_type: 'password', username: rows.email(random(rows.users)), password: PASSWORD })
      })
    },
    // Each lane has sessions of its own, so that no session is refreshed twice at once
    refresh: { connections: LANES, next: (lane) => refresh(random(half / LANES) * LANES + lane) },
    client_credentials: { connections: LANES, next: () => ({ path: PATH, ...form({ ...machine, grant_type: 'client_credentials' }) }) },
    guarded: { connections: LANES, next: (lane) => ({ path: '/guarded', method: 'GET', headers: bearer(tokens[lane]) }) },
    introspection: { connections: LANES, next: (lane) => ({ path: '/v1/oauth/introspect', ...form({ ...machine, token: tokens[lane] }) }) },
    logout: {
      connections: LANES,
      /** A session needs an access token for its logout. */
      prepare: async (load, count) => {
        const until = Math.min(rows.sessions, leaving + count)
        await load({
          connections: LANES, next: () => leaving < until ? refresh(leaving++) : null, take: (_lane, text) => {
            leavers.push(JSON.parse(text).access_token)
          }
        })
      },
      next: () => leavers.length > 0 ? { path: '/v1/api/logout', method: 'POST', headers: bearer(leavers.pop()) } : null
    }
  }
}
