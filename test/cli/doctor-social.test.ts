import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { doctor } from '../../src/cli/doctor.ts'
import { resolveConfig } from '../../src/config/config.ts'
import { checkSocial } from '../../src/maintenance/doctor/social.ts'
import type { Check } from '../../src/maintenance/doctor/check.ts'
import { readyAttributes } from '../../src/schemas/identifiers.ts'
import { contextFor } from './helper.ts'

const WELL_KNOWN = '/.well-known/openid-configuration'

/** Serves metadata of several issuers, each under a path of its own. */
async function providers (t: Test): Promise<string> {
  const server = createServer((request, response) => {
    const [, path = ''] = /^\/([a-z-]+)\/\.well-known\/openid-configuration$/.exec(request.url ?? '') ?? []
    const issuer = `${at}/${path}`
    const metadata = { issuer, authorization_endpoint: `${issuer}/auth`, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/jwks` }
    const bodies: Record<string, unknown> = {
      good: metadata,
      tells: { ...metadata, backchannel_logout_supported: true },
      ends: { ...metadata, end_session_endpoint: `${issuer}/end` },
      slash: { ...metadata, issuer: `${issuer}/` },
      other: { ...metadata, issuer: 'https://other.example' },
      'no-issuer': { ...metadata, issuer: undefined },
      'no-endpoint': { ...metadata, authorization_endpoint: undefined },
      insecure: { ...metadata, token_endpoint: 'http://login.example.com/token' },
      list: 'x'
    }
    if (path === 'slow') return
    if (path === 'html') response.end('<p>Welcome</p>')
    else if (path === 'moved') response.writeHead(302, { location: `${at}/good${WELL_KNOWN}` }).end()
    else if (path in bodies) response.end(JSON.stringify(bodies[path]))
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return at
}

t.test('doctor reads the metadata of each OpenID provider, and says what is wrong', async (t) => {
  const at = await providers(t)
  const issuers: Record<string, string> = {
    ...Object.fromEntries(
      ['good', 'tells', 'slash', 'other', 'no-issuer', 'no-endpoint', 'insecure', 'list', 'html', 'moved', 'missing', 'slow'].map((path) => [path, `${at}/${path}`])
    ),
    slash: `${at}/slash/`, closed: 'http://127.0.0.1:1', unknown: 'https://login.invalid'
  }
  const { json, exitCode } = await doctor(await contextFor(t, Object.fromEntries(Object.entries(issuers).flatMap(([name, issuer]) => {
    const variable = `SOCIAL_${name.toUpperCase().replaceAll('-', '_')}`
    return [[`${variable}_CLIENT_ID`, 'a'], [`${variable}_CLIENT_SECRET`, 'hunter2'], [`${variable}_ISSUER`, issuer]]
  }))), {})
  const { checks } = json as { checks: Check[] }
  const of = (name: string) => checks.find((check) => check.name === `social-${name}`)
  t.equal(exitCode, 1)
  t.match(of('good'), { status: 'ok', message: 'Good; its redirect URI is http://localhost:3000/v1/auth/good/callback; its metadata does not say that it has back-channel logout' })
  t.match(of('tells'), {
    status: 'ok',
    message: 'Tells; its redirect URI is http://localhost:3000/v1/auth/tells/callback, and for back-channel logout http://localhost:3000/v1/auth/tells/backchannel-logout'
  })
  t.match(of('slash'), { status: 'ok' })
  const wrong: [string, RegExp][] = [
    ['other', /is the metadata of another issuer: "https:\/\/other\.example" instead of http:/],
    ['no-issuer', /is the metadata of another issuer: none instead of/],
    ['no-endpoint', /has no authorization_endpoint$/],
    ['insecure', /no https at authorization_endpoint, token_endpoint, jwks_uri/],
    ['list', /is no metadata$/],
    ['html', /is not JSON$/],
    ['moved', /answers 302$/],
    ['missing', /answers 404$/],
    ['slow', /cannot be read: no answer within 5 s$/],
    ['closed', /cannot be read: .*(ECONNREFUSED|bad port)/],
    ['unknown', /cannot be read: .*login\.invalid/]
  ]
  for (const [name, message] of wrong) {
    t.match(of(name), { status: 'fail', message }, name)
    t.ok(of(name)?.fix, name)
  }
  t.notMatch(JSON.stringify(json), /hunter2/)
})

t.test('doctor says what a provider must know for the logout there, and where the option has no effect', async (t) => {
  const at = await providers(t)
  const oauth2 = {
    clientId: 'a', authorizationEndpoint: 'https://a.example/authorize', tokenEndpoint: 'https://a.example/token',
    profileEndpoints: { user: 'https://a.example/user' }, profile: () => null, logout: true
  }
  const checks = await checkSocial(resolveConfig({
    appUrl: 'http://localhost:3000',
    login: { attributes: readyAttributes },
    social: {
      ends: { clientId: 'a', issuer: `${at}/ends`, logout: true }, quiet: { clientId: 'a', issuer: `${at}/ends`, logout: false },
      good: { clientId: 'a', issuer: `${at}/good`, logout: true }, oauth2
    }
  }))
  const ours = 'http://localhost:3000/v1/auth'
  t.match(checks, [
    { status: 'ok', message: `Ends; its redirect URI is ${ours}/ends/callback, its post-logout redirect URI ${ours}/ends/logged-out; its metadata` },
    { status: 'ok', message: `Quiet; its redirect URI is ${ours}/quiet/callback; its metadata` },
    { status: 'warn', message: 'logout has no effect: its metadata has no end_session_endpoint', fix: 'remove social.good.logout' },
    { status: 'warn', message: 'logout has no effect: it is no OpenID provider', fix: 'remove social.oauth2.logout' }
  ])
})

t.test('doctor says nothing of providers where none is configured', async (t) => {
  const { json } = await doctor(await contextFor(t), {})
  t.same((json as { checks: Check[] }).checks.filter(({ name }) => name.startsWith('social')), [])
})

t.test('doctor warns of an OAuth 2.0 provider without https, except on the machine of a developer', async (t) => {
  const check = async (appUrl: string, tokenEndpoint: string) => {
    const mine = {
      clientId: 'a', authorizationEndpoint: 'https://a.example/authorize', tokenEndpoint, profileEndpoints: { user: 'https://a.example/user' },
      profile: () => null
    }
    return await checkSocial(resolveConfig({ appUrl, login: { attributes: readyAttributes }, social: { mine } }))
  }
  t.match(await check('https://id.example.com', 'https://a.example/token'), [{
    name: 'social-mine', status: 'ok', message: 'Mine; its redirect URI is https://id.example.com/v1/auth/mine/callback'
  }])
  t.match(await check('https://id.example.com', 'http://localhost:4000/token'), [{ status: 'warn', message: /no https at tokenEndpoint/ }])
  t.match(await check('http://localhost:3000', 'http://localhost:4000/token'), [{ status: 'ok' }])
})
