import { hash } from 'node:crypto'
import pg from 'pg'

const PASSWORD = 'correct horse battery staple'
const VERIFIER = 'a-verifier-of-forty-three-characters-or-more'
const CODES = 150_000
const form = (params, headers = {}) => ({
  method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers }, body: new URLSearchParams(params).toString()
})
const LANES = 64

/** The requests to the baseline server, by scenario. */
export async function limitScenarios (fetchJson) {
  const client = { client_id: 'client', client_secret: 'secret' }
  const { access_token: token } = await fetchJson('/client_credentials', form(client))
  return {
    client_credentials: {
      connections: LANES,
      next: () => ({ path: '/client_credentials', ...form({ ...client, grant_type: 'client_credentials' }) })
    },
    refresh: {
      connections: LANES,
      next: (lane) => ({ path: '/refresh', ...form({ ...client, grant_type: 'refresh_token', refresh_token: String(lane) }) })
    },
    proxy_refresh: {
      connections: LANES,
      next: (lane) => ({ path: '/refresh', ...form({ ...client, grant_type: 'refresh_token', refresh_token: String(lane) }) })
    },
    code: {
      connections: LANES,
      next: (lane) => ({
        path: '/code',
        ...form({ ...client, grant_type: 'authorization_code', code: String(lane), code_verifier: VERIFIER })
      })
    },
    guarded: { connections: LANES, next: () => ({ path: '/guarded', method: 'GET', headers: { authorization: `Bearer ${token}` } }) },
    introspection: { connections: LANES, next: () => ({ path: '/introspect', ...form({ ...client, token }) }) },
    password: {
      connections: 8,
      next: () => ({ path: '/password', ...form({ ...client, grant_type: 'password', username: 'ada@example.com', password: PASSWORD }) })
    }
  }
}

/** Creates authorization codes as the authorization endpoint does, numbered, all with the same PKCE verifier. */
async function fillCodes (databaseUrl, clientId) {
  const client = new pg.Client(databaseUrl)
  await client.connect()
  await client.query(
    `INSERT INTO authorization_codes (hash, client_id, user_id, session_id, token_epoch, redirect_uri, scopes, code_challenge, auth_time, expires_at)
    SELECT sha256(('lk_ac_' || n)::bytea), $1, u.id, gen_random_uuid(), u.token_epoch, 'http://127.0.0.1/callback', '{}', $2, now(), now() + interval '1 hour'
    FROM generate_series(1, $3::int) n, (SELECT id, token_epoch FROM users LIMIT 1) u`,
    [clientId, hash('sha256', VERIFIER, 'base64url'), CODES]
  )
  await client.query('VACUUM ANALYZE authorization_codes')
  await client.end()
}

/**
 * The same requests to Latchkey. @param clients from the command line: one for users, one that acts for itself. Without a database no codes
 */
export async function ourScenarios (fetchJson, { users, machine }, databaseUrl) {
  const path = '/v1/oauth/token'
  const register = await fetch(`${fetchJson.base}/v1/register`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ email: 'ada@example.com', password: PASSWORD })
  })
  if (![201, 422].includes(register.status)) throw new Error(await register.text())
  const login = form({ ...users, grant_type: 'password', username: 'ada@example.com', password: PASSWORD })
  const { access_token: token } = await fetchJson(path, login)
  const chains = []
  const browsers = []
  const proxied = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ email: 'ada@example.com', password: PASSWORD }) }
  for (let lane = 0; lane < LANES; lane++) {
    chains.push((await fetchJson(path, login)).refresh_token)
    browsers.push((await fetchJson('/v1/clients/web/login', proxied)).refresh_token)
  }
  if (databaseUrl) await fillCodes(databaseUrl, users.client_id)
  let redeemed = 0
  return {
    code: {
      connections: LANES,
      next: () => ({
        path,
        ...form({ ...users, grant_type: 'authorization_code', code: `lk_ac_${++redeemed}`, code_verifier: VERIFIER })
      })
    },
    client_credentials: { connections: LANES, next: () => ({ path, ...form({ ...machine, grant_type: 'client_credentials' }) }) },
    refresh: {
      connections: LANES,
      next: (lane) => ({ path, ...form({ ...users, grant_type: 'refresh_token', refresh_token: chains[lane] }) }),
      take: (lane, text) => { chains[lane] = JSON.parse(text).refresh_token }
    },
    // As a browser sends it: no body, the token in a cookie
    proxy_refresh: {
      connections: LANES,
      next: (lane) => ({
        path: '/v1/clients/web/refresh', method: 'POST', headers: { cookie: `refreshToken=${browsers[lane]}`, 'sec-fetch-site': 'same-origin' }
      }),
      take: (lane, text) => { browsers[lane] = JSON.parse(text).refresh_token }
    },
    guarded: { connections: LANES, next: () => ({ path: '/guarded', method: 'GET', headers: { authorization: `Bearer ${token}` } }) },
    introspection: { connections: LANES, next: () => ({ path: '/v1/oauth/introspect', ...form({ ...machine, token }) }) },
    password: { connections: 8, next: () => ({ path, ...login }) }
  }
}
