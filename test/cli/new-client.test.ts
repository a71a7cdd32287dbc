import t from 'tap'
import { newClient, type ClientArgs } from '../../src/cli/new-client.ts'

const config = {
  scopes: { 'orders:read': 'See your orders', 'orders:write': 'Change your orders' },
  resourceServers: ['https://api.example.com']
}
const uri = ['https://app.example.com/callback']
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'

const MADE: [rule: string, args: ClientArgs, client: object][] = [
  ['a client has authorization codes and a secret', { redirectUri: uri }, {
    name: 'Authorization Code Client',
    grantTypes: ['authorization_code', 'refresh_token'],
    authMethod: 'client_secret_basic',
    redirectUris: uri,
    firstParty: false,
    proxy: false,
    scopes: ['*'],
    defaultScopes: []
  }],
  ['a public one has no secret', { public: true, redirectUri: uri }, {
    grantTypes: ['authorization_code', 'refresh_token'], authMethod: 'none', firstParty: false
  }],
  ['--auth-method none is public', { authMethod: 'none', redirectUri: uri }, { authMethod: 'none' }],
  ['--password is first-party', { password: true }, {
    name: 'Password Grant Client', grantTypes: ['password', 'refresh_token'],
    firstParty: true, proxy: false, redirectUris: []
  }],
  ['--client is for machines', { client: true, authMethod: 'client_secret_post' }, {
    grantTypes: ['client_credentials'], firstParty: false, authMethod: 'client_secret_post'
  }],
  ['--personal makes personal access tokens', { personal: true }, {
    name: 'Personal Access Client', grantTypes: ['personal_access'], firstParty: true
  }],
  ['--device without a redirect URI has the device grant only', { device: true, public: true }, {
    name: 'Device Client', grantTypes: ['refresh_token', DEVICE], authMethod: 'none'
  }],
  ['--device with one has both', { device: true, redirectUri: uri }, { grantTypes: ['authorization_code', 'refresh_token', DEVICE] }],
  ['--proxy', { password: true, proxy: true, slug: 'kiosk' }, { name: 'Kiosk Password Grant Client', slug: 'kiosk', proxy: true }],
  ['--no-refresh-token-in-body and --refresh-grace', {
    password: true, proxy: true, slug: 'kiosk', refreshTokenInBody: false, refreshGrace: 0
  }, { refreshTokenInBody: false, refreshGrace: 0 }],
  ['a name is trimmed', { client: true, name: ' Reports ' }, { name: 'Reports' }],
  ['URIs count once', { redirectUri: [...uri, ...uri], postLogoutRedirectUri: ['https://app.example.com/'] }, {
    redirectUris: uri,
    postLogoutRedirectUris: ['https://app.example.com/']
  }],
  ['apps on this machine and on phones have URIs of their own', {
    redirectUri: ['http://127.0.0.1/cb', 'http://[::1]:8000/cb', 'http://localhost:3001/cb', 'com.example.app:/cb']
  }, {}],
  ['scopes in one word or several', { client: true, scope: ['orders:read orders:write', 'orders:read'], defaultScope: ['orders:read'] }, {
    scopes: ['orders:read', 'orders:write'],
    defaultScopes: ['orders:read']
  }],
  ['default scopes of a client that may have all', { client: true, defaultScope: ['orders:read'] }, {
    scopes: ['*'],
    defaultScopes: ['orders:read']
  }],
  ['scopes of OpenID Connect need no registration', { redirectUri: uri, scope: ['openid email orders:read'], defaultScope: ['openid'] }, {
    scopes: ['openid', 'email', 'orders:read'],
    defaultScopes: ['openid']
  }],
  ['--first-party is shown as such and asks', { redirectUri: uri, firstParty: true }, { firstParty: true, skipsConsent: false }],
  ['--skip-consent is first-party', { redirectUri: uri, skipConsent: true, idTokenAlg: 'ES256' }, {
    firstParty: true, skipsConsent: true, idTokenAlg: 'ES256'
  }],
  ['PKCE is optional only for who asks for it', { redirectUri: uri }, { pkceOptional: false }],
  ['--pkce-optional', { redirectUri: uri, pkceOptional: true }, { pkceOptional: true }],
  ['revocations:read needs no registration', { client: true, scope: ['revocations:read'], defaultScope: ['revocations:read'] }, {
    scopes: ['revocations:read'],
    defaultScopes: ['revocations:read']
  }],
  ['--introspect alone is for a server without users', { introspect: true }, { grantTypes: ['client_credentials'], introspects: true }],
  ['--introspect with another grant', { password: true, introspect: true }, {
    grantTypes: ['password', 'refresh_token'],
    introspects: true
  }],
  ['--resource-server is one of RESOURCE_SERVERS', { resourceServer: ['https://api.example.com'] }, {
    grantTypes: ['client_credentials'], resourceServers: ['https://api.example.com'], introspects: undefined
  }]
]

for (const [rule, args, client] of MADE) {
  t.test(rule, async (t) => { t.match(newClient(args, config), client) })
}

const REFUSED: [rule: string, args: ClientArgs, message: RegExp][] = [
  ['--introspect without a secret', { public: true, redirectUri: uri, introspect: true }, /--introspect needs a client with a secret/],
  ['--introspect of a client that acts inside the server', { personal: true, introspect: true },
    /--introspect needs a client with a secret/],
  ['a resource server that is none', { client: true, resourceServer: ['https://other.example.com'] },
    /https:\/\/other.example.com is not among RESOURCE_SERVERS; it has https:\/\/api.example.com/],
  ['two grants', { password: true, client: true }, /--password and --client are for different kinds of clients/],
  ['a public client with the password grant (RFC 9700 section 2.4)', { password: true, public: true },
    /--public does not go with --password, whose client has a secret/],
  ['a public machine', { client: true, public: true }, /--public does not go with --client/],
  ['--device with another grant', { personal: true, device: true }, /--device does not go with --personal/],
  ['--auth-method none with the password grant', { password: true, authMethod: 'none' }, /--auth-method none does not go with --password/],
  ['a public client without PKCE (RFC 9700 section 2.1.1)', { public: true, pkceOptional: true, redirectUri: uri },
    /--pkce-optional needs a client with a secret/],
  ['--pkce-optional where there are no codes', { client: true, pkceOptional: true }, /--pkce-optional does not go with --client/],
  ['a secret for a public client', { public: true, authMethod: 'client_secret_basic', redirectUri: uri }, /does not have/],
  ['an id token that nobody signs', { redirectUri: uri, idTokenAlg: 'none' }, /--id-token-alg must be RS256 or ES256/],
  ['no redirect URI', {}, /--redirect-uri <uri> is missing/],
  ['a redirect URI where nobody is redirected', { client: true, redirectUri: uri }, /--redirect-uri does not go with --client/],
  ['a redirect URI of a login without a proxy', { password: true, redirectUri: uri }, /--redirect-uri does not go with --password without --proxy/],
  ['--proxy without a slug', { password: true, proxy: true }, /--proxy needs --password and --slug/],
  ['--proxy without --password', { client: true, proxy: true, slug: 'kiosk' }, /--proxy needs --password and --slug/],
  ['--no-refresh-token-in-body without a proxy', { client: true, refreshTokenInBody: false }, /--no-refresh-token-in-body needs --proxy/],
  ['a slug that is no path', { password: true, slug: 'My App' }, /--slug must be/],
  ['an empty name', { client: true, name: ' ' }, /--name is empty/],
  ['a name over lines', { client: true, name: 'a\nb' }, /--name contains invisible/],
  ['unknown scopes', { client: true, scope: ['orders:read', 'admin', 'root'] },
    /^unknown scope admin, root; SCOPES has orders:read, orders:write$/],
  ['an unknown default scope', { client: true, defaultScope: ['admin'] }, /unknown scope admin/],
  ['a name that every object has', { client: true, scope: ['constructor'] }, /unknown scope constructor/],
  ['a default scope that it may not have', { client: true, scope: ['orders:read'], defaultScope: ['orders:write'] },
    /--default-scope orders:write is not among --scope/],
  ['revocations:read by default without being given', { client: true, defaultScope: ['revocations:read'] }, /is not among --scope/],
  ['everything by default', { client: true, defaultScope: ['*'] }, /cannot be \*/],
  ['revocations:read for a client with users', { password: true, scope: ['revocations:read'] }, /is for --client only/]
]

for (const [rule, args, message] of REFUSED) {
  t.test(`refuses ${rule}`, async (t) => { t.throws(() => newClient(args, config), { message }) })
}

t.test('the error about an unknown scope says how to register scopes when there are none', async (t) => {
  t.throws(() => newClient({ client: true, scope: ['a'] }, { scopes: {}, resourceServers: [] }), { message: /SCOPES registers none yet/ })
})

for (const wrong of [
  'app.example.com/callback', '/callback', 'https://app.example.com/cb#top', 'http://app.example.com/cb',
  'https://me@app.example.com/cb', 'javascript:alert(1)', 'myapp:/cb', 'com.example.app://cb', ''
]) {
  t.test(`refuses the redirect URI ${JSON.stringify(wrong)}`, async (t) => {
    t.throws(() => newClient({ redirectUri: [wrong] }, config), { message: /^--redirect-uri / })
    t.throws(() => newClient({ redirectUri: uri, postLogoutRedirectUri: [wrong] }, config), { message: /^--post-logout-redirect-uri / })
  })
}
