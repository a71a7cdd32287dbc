const PASSWORD = 'correct horse battery staple'
const form = (params, headers = {}) => ({
  method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers }, body: new URLSearchParams(params).toString()
})
const LANES = 64

/** What the bare server is asked, by scenario. */
export async function limitScenarios (fetchJson) {
  const client = { client_id: 'client', client_secret: 'secret' }
  const { access_token: token } = await fetchJson('/client_credentials', form(client))
  return {
    client_credentials: { connections: LANES, next: () => ({ path: '/client_credentials', ...form({ ...client, grant_type: 'client_credentials' }) }) },
    refresh: { connections: LANES, next: (lane) => ({ path: '/refresh', ...form({ ...client, grant_type: 'refresh_token', refresh_token: String(lane) }) }) },
    guarded: { connections: LANES, next: () => ({ path: '/guarded', method: 'GET', headers: { authorization: `Bearer ${token}` } }) },
    introspection: { connections: LANES, next: () => ({ path: '/introspect', ...form({ ...client, token }) }) },
    password: { connections: 8, next: () => ({ path: '/password', ...form({ ...client, grant_type: 'password', username: 'ada@example.com', password: PASSWORD }) }) }
  }
}

/** The same of ours. @param clients made by the command line: one for users, one for itself */
export async function ourScenarios (fetchJson, { users, machine }) {
  const path = '/v1/oauth/token'
  const register = await fetch(`${fetchJson.base}/v1/register`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ email: 'ada@example.com', password: PASSWORD })
  })
  if (![201, 422].includes(register.status)) throw new Error(await register.text())
  const login = form({ ...users, grant_type: 'password', username: 'ada@example.com', password: PASSWORD })
  const { access_token: token } = await fetchJson(path, login)
  const chains = []
  for (let lane = 0; lane < LANES; lane++) chains.push((await fetchJson(path, login)).refresh_token)
  return {
    client_credentials: { connections: LANES, next: () => ({ path, ...form({ ...machine, grant_type: 'client_credentials' }) }) },
    refresh: {
      connections: LANES,
      next: (lane) => ({ path, ...form({ ...users, grant_type: 'refresh_token', refresh_token: chains[lane] }) }),
      take: (lane, text) => { chains[lane] = JSON.parse(text).refresh_token }
    },
    guarded: { connections: LANES, next: () => ({ path: '/guarded', method: 'GET', headers: { authorization: `Bearer ${token}` } }) },
    introspection: { connections: LANES, next: () => ({ path: '/v1/oauth/introspect', ...form({ ...machine, token }) }) },
    password: { connections: 8, next: () => ({ path, ...login }) }
  }
}
