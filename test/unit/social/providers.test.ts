import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import type { LatchkeyOptions } from '../../../src/config/config.ts'
import { configFrom, readEnvironment } from '../../../src/config/environment.ts'
import type { Provider, UpstreamClaims } from '../../../src/social/ports.ts'
import { createProviders } from '../../../src/social/providers.ts'

const TENANT = '72f988bf-86f1-41af-91ab-2d7cd011db47'

function providers (social: object): Map<string, Provider> {
  return createProviders(configFrom({ social } as LatchkeyOptions, readEnvironment({}, { prefixedOnly: false })).social)
}

const provider = (name: string, option: object = {}) => providers({ [name]: { clientId: 'id', ...option } }).get(name)!
const openId = (option: object = {}) => provider('mine', { issuer: 'https://login.example.com', ...option })

t.test('a preset says what the options do not', async (t) => {
  const found = providers({
    google: { clientId: 'a', clientSecret: 's' },
    github: { clientId: 'b', label: 'Octocat', scopes: ['read:user'], use: 'login', params: { allow_signup: 'false' } },
    mine: { clientId: 'c', issuer: 'https://login.example.com/', scopes: ['groups'] }
  })
  t.same([...found.keys()], ['google', 'github', 'mine'], 'in their order')
  t.match(found.get('google'), {
    kind: 'openid', name: 'google', label: 'Google', issuer: 'https://accounts.google.com', clientId: 'a', clientSecret: 's', params: {},
    scopes: ['openid', 'profile', 'email'], use: 'both', pkce: undefined, nonce: undefined, issuerTemplate: undefined
  })
  t.match(found.get('github'), {
    kind: 'oauth2', label: 'Octocat', scopes: ['read:user'], use: 'login', params: { allow_signup: 'false' },
    clientSecret: undefined, authMethod: 'client_secret_post', tokenEndpoint: 'https://github.com/login/oauth/access_token'
  })
  t.match(found.get('mine'), { kind: 'openid', label: 'Mine', issuer: 'https://login.example.com/', scopes: ['openid', 'groups'] })
})

t.test('Apple posts its answer, knows no PKCE, and says the name in a part that nobody has signed', async (t) => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const apple = provider('apple', { teamId: 'T', keyId: 'K', privateKey: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString() })
  t.match(apple, { kind: 'openid', label: 'Apple', issuer: 'https://appleid.apple.com', responseMode: 'form_post', pkce: false, nonce: undefined })
  for (const [said, emailVerified] of [[true, true], ['true', true], ['false', false], [false, false], [undefined, false]]) {
    t.match(apple.read({ sub: '1', email: 'ada@example.com', email_verified: said }), { subject: '1', emailVerified }, String(said))
  }
})

t.test('the first profile endpoint is that of the user', async (t) => {
  const { profileEndpoints } = provider('mine', {
    authorizationEndpoint: 'https://a.example/authorize', tokenEndpoint: 'https://a.example/token', profile: () => null,
    profileEndpoints: { emails: 'https://a.example/emails', user: 'https://a.example/user' }
  }) as Extract<Provider, { kind: 'oauth2' }>
  t.same(Object.keys(profileEndpoints), ['user', 'emails'])
})

t.test('quirks: no PKCE beside a secret at LinkedIn and Slack, no nonce at LinkedIn, claims by request at Twitch', async (t) => {
  t.match(provider('linkedin'), { pkce: false, nonce: false })
  t.match(provider('slack'), { pkce: false, nonce: undefined })
  t.same(JSON.parse(provider('twitch').params['claims']!).id_token, { email: null, email_verified: null, preferred_username: null })
  t.equal(provider('twitch', { params: { claims: '{}' } }).params['claims'], '{}', 'an option wins')
  t.same(provider('google', { keepTokens: true }).params, { access_type: 'offline' }, 'Google gives no refresh token otherwise')
  t.same(provider('google', { keepTokens: false }).params, {})
  t.same(provider('google', { keepTokens: true, params: { access_type: 'online' } }).params, { access_type: 'online' })
})

t.test('OpenID: the subject is `sub`, a string of 1 to 255 characters', async (t) => {
  const { read } = openId()
  t.same(read({ sub: 'a b/é', email: 'Ada@Example.com', email_verified: true, name: ' Ada ', locale: 'de_de' }), {
    subject: 'a b/é', email: 'ada@example.com', emailVerified: true, name: 'Ada', locale: 'de-DE'
  })
  t.same(read({ sub: 'x'.repeat(255) })?.subject.length, 255)
  t.same(read({ sub: 'x' }), { subject: 'x', email: null, emailVerified: false, name: null, locale: null })
  for (const sub of [undefined, null, '', 'x'.repeat(256), true, {}, ['a'], 1.5, 'a\u0000b', 'a\nb', '\ud800']) {
    t.equal(read({ sub, email: 'ada@example.com', email_verified: true }), null, JSON.stringify(sub))
  }
})

t.test('OpenID: an address is verified only by `email_verified` true', async (t) => {
  const { read } = openId()
  for (const value of [undefined, false, null, 'true', 'false', 1, 'yes', {}]) {
    t.match(read({ sub: 'a', email: 'ada@example.com', email_verified: value }), { email: 'ada@example.com', emailVerified: false }, JSON.stringify(value))
  }
  t.equal(openId().read({ sub: 'a', email_verified: true })?.emailVerified, false, 'nothing is no address')
})

t.test('what is no address, name or language is dropped', async (t) => {
  const { read } = openId()
  const addresses = ['', 'ada', '@example.com', 'ada@', 'ada@1.2.3.4', 'ada@exa mple.com', 'ada@example.com, eve@evil.example', 'Ada <ada@example.com>',
    'ada@example.com\r\nBcc: eve@evil.example', `${'a'.repeat(60)}@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.${'e'.repeat(20)}.example`,
    ['ada@example.com'], 5, {}]
  for (const email of addresses) t.match(read({ sub: 'a', email, email_verified: true }), { email: null, emailVerified: false }, JSON.stringify(email))
  for (const name of ['', ' ', 'x'.repeat(101), '\u202eAda', 5, {}]) t.equal(read({ sub: 'a', name })?.name, null, JSON.stringify(name))
  for (const locale of ['', 'english please', 'x'.repeat(50), 5, {}]) t.equal(read({ sub: 'a', locale })?.locale, null, JSON.stringify(locale))
})

t.test('a provider with domains vouches for addresses of these alone', async (t) => {
  const { read } = openId({ domains: ['Northwind.com', 'bücher.example'] })
  const verified = (email: string, isVerified = true) => read({ sub: 'a', email, email_verified: isVerified })
  for (const email of ['ada@northwind.com', 'Ada@NORTHWIND.COM', 'ada@bücher.example', 'ada@xn--bcher-kva.example']) t.match(verified(email), { emailVerified: true }, email)
  for (const email of ['ada@mail.northwind.com', 'ada@evilnorthwind.com', 'ada@northwind.com.evil.example', 'ada@northwind.co', 'ada@example.com']) {
    t.match(verified(email), { email, emailVerified: false }, email)
  }
  t.match(verified('ada@northwind.com', false), { emailVerified: false }, 'only where it says so')
})

type Case = [what: string, claims: UpstreamClaims, expected: object | null]

const GITHUB_USER = { id: 583231, login: 'octocat', name: null, email: 'public@example.com' }
const BITBUCKET_USER = { uuid: '{d301aafa-d676-4ee0-88be-962be7417567}', display_name: 'Ada', account_id: '557058:x' }

const CASES: Record<string, Case[]> = {
  google: [
    ['Gmail', { sub: '1', email: 'Ada@Gmail.com', email_verified: true }, { subject: '1', email: 'ada@gmail.com', emailVerified: true }],
    ['Workspace', { sub: '1', email: 'ada@northwind.com', email_verified: true, hd: 'northwind.com' }, { emailVerified: true }],
    ['an address of another provider', { sub: '1', email: 'ada@northwind.com', email_verified: true }, { emailVerified: false }],
    ['an unverified one', { sub: '1', email: 'ada@gmail.com', email_verified: false }, { emailVerified: false }],
    ['as text', { sub: '1', email: 'ada@gmail.com', email_verified: 'true' }, { emailVerified: false }],
    ['one that looks like Gmail', { sub: '1', email: 'ada@gmail.com.evil.example', email_verified: true }, { emailVerified: false }],
    ['an empty domain', { sub: '1', email: 'ada@northwind.com', email_verified: true, hd: '' }, { emailVerified: false }]
  ],
  microsoft: [
    ['a proven domain', { sub: 'S', tid: TENANT.toUpperCase(), email: 'ada@northwind.com', xms_edov: true, name: 'Ada' }, { subject: `${TENANT}:S`, emailVerified: true, name: 'Ada' }],
    ['a proven domain as text', { sub: 'S', tid: TENANT, email: 'ada@northwind.com', xms_edov: '1' }, { emailVerified: true }],
    ['a domain that is not proven', { sub: 'S', tid: TENANT, email: 'ada@northwind.com', xms_edov: false }, { emailVerified: false }],
    ['a zero', { sub: 'S', tid: TENANT, email: 'ada@northwind.com', xms_edov: '0' }, { emailVerified: false }],
    ['email_verified alone', { sub: 'S', tid: TENANT, email: 'ada@northwind.com', email_verified: true }, { emailVerified: false }],
    ['only a user name', { sub: 'S', tid: TENANT, preferred_username: 'ada@northwind.com', xms_edov: true }, { email: null, emailVerified: false }],
    ['no tenant', { sub: 'S', email: 'ada@northwind.com', xms_edov: true }, null],
    ['a tenant that is none', { sub: 'S', tid: 'a:b', email: 'ada@northwind.com', xms_edov: true }, null],
    ['no subject', { tid: TENANT }, null]
  ],
  github: [
    ['primary and verified', {
      user: GITHUB_USER, emails: [{ email: 'old@example.com', primary: false, verified: true }, { email: 'ada@example.com', primary: true, verified: true }]
    }, { subject: '583231', email: 'ada@example.com', emailVerified: true, name: 'octocat' }],
    ['primary and not verified', {
      user: { ...GITHUB_USER, name: 'Ada' }, emails: [{ email: 'ada@example.com', primary: true, verified: false }, { email: 'old@example.com', primary: false, verified: true }]
    }, { email: 'ada@example.com', emailVerified: false, name: 'Ada' }],
    ['no addresses', { user: GITHUB_USER, emails: { message: 'Not Found' } }, { subject: '583231', email: null, emailVerified: false }],
    ['nothing', {}, null],
    ['an error', { user: { message: 'Bad credentials' }, emails: [] }, null]
  ],
  facebook: [
    ['never verified', { user: { id: '10', name: 'Ada', email: 'ada@example.com', email_verified: true, verified: true } }, { subject: '10', email: 'ada@example.com', emailVerified: false }],
    ['without an address', { user: { id: '10', name: 'Ada' } }, { subject: '10', email: null }],
    ['an error', { user: { error: { code: 190 } } }, null]
  ],
  x: [
    ['never verified', { user: { data: { id: '10', name: 'Ada', username: 'ada', confirmed_email: 'ada@example.com' } } }, { subject: '10', email: 'ada@example.com', emailVerified: false, name: 'Ada' }],
    ['an error', { user: { errors: [] } }, null]
  ],
  gitlab: [
    ['verified', { sub: '1', email: 'ada@example.com', email_verified: true }, { emailVerified: true }],
    ['not verified', { sub: '1', email: 'ada@example.com', email_verified: false }, { emailVerified: false }]
  ],
  linkedin: [
    ['verified', { sub: '1', email: 'ada@example.com', email_verified: true, locale: { country: 'US', language: 'en' } }, { emailVerified: true, locale: 'en-US' }],
    ['verified as text, as in its id tokens', { sub: '1', email: 'ada@example.com', email_verified: 'true', locale: 'en_US' }, { emailVerified: true, locale: 'en-US' }],
    ['not verified', { sub: '1', email: 'ada@example.com', email_verified: 'false' }, { emailVerified: false }]
  ],
  discord: [
    ['verified', { user: { id: '80351110224678912', username: 'ada', global_name: 'Ada', email: 'ada@example.com', verified: true, locale: 'de' } }, { subject: '80351110224678912', emailVerified: true, name: 'Ada', locale: 'de' }],
    ['not verified', { user: { id: '8', username: 'ada', global_name: null, email: 'ada@example.com', verified: false } }, { emailVerified: false, name: 'ada' }]
  ],
  slack: [
    ['verified', { sub: 'U1', 'https://slack.com/team_id': 'T1', email: 'ada@example.com', email_verified: true }, { subject: 'T1:U1', emailVerified: true }],
    ['not verified', { sub: 'U1', 'https://slack.com/team_id': 'T1', email: 'ada@example.com', email_verified: false }, { emailVerified: false }],
    ['no workspace', { sub: 'U1', email: 'ada@example.com', email_verified: true }, null]
  ],
  twitch: [
    ['verified', { sub: '1', email: 'ada@example.com', email_verified: true, preferred_username: 'Ada' }, { emailVerified: true, name: 'Ada' }],
    ['not verified', { sub: '1', email: 'ada@example.com' }, { emailVerified: false, name: null }]
  ],
  bitbucket: [
    ['primary and confirmed', {
      user: BITBUCKET_USER, emails: { values: [{ email: 'old@example.com', is_primary: false, is_confirmed: true }, { email: 'ada@example.com', is_primary: true, is_confirmed: true }] }
    }, { subject: BITBUCKET_USER.uuid, email: 'ada@example.com', emailVerified: true, name: 'Ada' }],
    ['primary and not confirmed', { user: BITBUCKET_USER, emails: { values: [{ email: 'ada@example.com', is_primary: true, is_confirmed: false }] } }, { email: 'ada@example.com', emailVerified: false }],
    ['no addresses', { user: BITBUCKET_USER, emails: { values: [] } }, { email: null, emailVerified: false }]
  ]
}

for (const [name, cases] of Object.entries(CASES)) {
  t.test(`${name}: what counts as verified, and who it is`, async (t) => {
    const { read } = provider(name)
    for (const [what, claims, expected] of cases) {
      if (expected === null) t.equal(read(claims), null, what)
      else t.match(read(claims), expected, what)
    }
  })
}

t.test('microsoft: several tenants share the metadata, whose issuer is a template', async (t) => {
  const issuers = (option?: object) => {
    const { issuer, issuerTemplate } = provider('microsoft', option) as Extract<Provider, { kind: 'openid' }>
    return [issuer, issuerTemplate]
  }
  t.same(issuers(), ['https://login.microsoftonline.com/common/v2.0', 'https://login.microsoftonline.com/{tenantid}/v2.0'])
  t.same(issuers({ tenant: 'organizations' })[1], 'https://login.microsoftonline.com/{tenantid}/v2.0')
  t.same(issuers({ tenant: TENANT.toUpperCase() }), [`https://login.microsoftonline.com/${TENANT}/v2.0`, undefined])
})

t.test('a provider of another name can be one of a preset, and GitLab of your own has its issuer', async (t) => {
  t.match(provider('northwind', { preset: 'microsoft', tenant: TENANT }), { name: 'northwind', label: 'Microsoft', issuer: `https://login.microsoftonline.com/${TENANT}/v2.0` })
  t.match(provider('gitlab', { issuer: 'https://git.northwind.com' }), { issuer: 'https://git.northwind.com' })
})

t.test('a profile function of the host is given all answers, and what it returns is checked', async (t) => {
  const reading = (profile: unknown) => provider('mine', {
    authorizationEndpoint: 'https://a.example/authorize', tokenEndpoint: 'https://a.example/token', profileEndpoints: { user: 'https://a.example/user' }, profile
  })
  const whole = reading(({ user }: { user: { id: number, mail: string } }) => ({ subject: user.id, email: user.mail, emailVerified: true }))
  t.match(whole, { authMethod: 'client_secret_basic', scopes: [] })
  t.same(whole.read({ user: { id: 7, mail: 'Ada@Example.com' } }), { subject: '7', email: 'ada@example.com', emailVerified: true, name: null, locale: null })
  t.match(reading(() => ({ subject: 'a', email: 'ada@example.com', emailVerified: 'yes' })).read({}), { emailVerified: false }, 'true alone is true')
  t.equal(reading(() => null).read({}), null)
  t.equal(reading(() => undefined).read({}), null)
  t.equal(reading(() => ({ email: 'ada@example.com', emailVerified: true })).read({}), null)
  t.throws(() => reading(() => { throw new Error('no such user') }).read({}), { message: 'no such user' }, 'its own errors are not hidden')
})

t.test('twitch: scopes that the token endpoint answers as an array become a text', async (t) => {
  const { conform } = provider('twitch') as Extract<Provider, { kind: 'openid' }>
  t.same(conform?.({ access_token: 'a', scope: ['openid', 'user:read:email'] }), { access_token: 'a', scope: 'openid user:read:email' })
  t.same(conform?.({ access_token: 'a', scope: 'openid' }), { access_token: 'a', scope: 'openid' })
  t.same(conform?.({ access_token: 'a' }), { access_token: 'a' })
})
