import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { LatchkeyOptions } from '../../../src/config/config.ts'
import { configFrom, readEnvironment, type Variables } from '../../../src/config/environment.ts'
import { PRESETS, SocialProvider } from '../../../src/config/social-options.ts'
import { packageRoot } from '../../../src/database/package-root.ts'
import { presets } from '../../../src/social/presets.ts'
import { problems } from '../../support/config-problems.ts'

const SECRET = 'hunter2-hunter2'
const social = (variables: Variables, options: object = {}, prefixedOnly = false) =>
  configFrom(options as LatchkeyOptions, readEnvironment(variables, { prefixedOnly })).social
const inCode = (providers: object) => social({}, { social: providers })

t.test('no provider is configured by default', async (t) => {
  t.same(social({}), {})
})

t.test('SOCIAL_<NAME>_… configures a provider', async (t) => {
  t.same(social({
    SOCIAL_GOOGLE_CLIENT_ID: 'a', SOCIAL_GOOGLE_CLIENT_SECRET: SECRET,
    SOCIAL_BIG_CORP_CLIENT_ID: 'b', SOCIAL_BIG_CORP_ISSUER: 'https://login.example.com/', SOCIAL_BIG_CORP_LABEL: 'Big Corp',
    SOCIAL_BIG_CORP_SCOPES: 'openid email, groups', SOCIAL_BIG_CORP_DOMAINS: 'Big.example,bücher.example', SOCIAL_BIG_CORP_USE: 'login',
    SOCIAL_BIG_CORP_REQUIRED: 'on', SOCIAL_BIG_CORP_KEEP_TOKENS: 'on', SOCIAL_BIG_CORP_LOGOUT: 'on',
    SOCIAL_NORTHWIND_CLIENT_ID: 'c', SOCIAL_NORTHWIND_PRESET: 'microsoft', SOCIAL_NORTHWIND_TENANT: 'organizations'
  }), {
    google: { clientId: 'a', clientSecret: SECRET },
    'big-corp': {
      clientId: 'b', issuer: 'https://login.example.com/', label: 'Big Corp', scopes: ['openid', 'email', 'groups'],
      domains: ['big.example', 'xn--bcher-kva.example'], use: 'login', required: true, keepTokens: true, logout: true
    },
    northwind: { clientId: 'c', preset: 'microsoft', tenant: 'organizations' }
  })
})

t.test('a variable of something else is no provider', async (t) => {
  for (const name of ['SOCIAL_FOO_ID', 'SOCIAL_MEDIA_LABEL', 'SOCIAL_CLIENT_ID', 'SOCIAL__CLIENT_ID', 'SOCIAL_foo_CLIENT_ID', 'MY_SOCIAL_X_CLIENT_ID']) {
    t.same(social({ [name]: 'x' }), {}, name)
  }
  t.same(social({ SOCIAL_FORM_REQUIRED: 'yes', SOCIAL_FORM_USE: 'always' }), {}, 'whatever its value is')
  t.same(social({ SOCIAL_GOOGLE_CLIENT_ID: ' ' }), {}, 'an empty one counts as absent')
})

t.test('the prefix LATCHKEY_ takes precedence, and inside a host only variables with it are read', async (t) => {
  const both = { SOCIAL_GOOGLE_CLIENT_ID: 'a', LATCHKEY_SOCIAL_GOOGLE_CLIENT_ID: 'b', SOCIAL_GITHUB_CLIENT_ID: 'c', SOCIAL_GOOGLE_LABEL: 'Ours' }
  t.same(social(both), { google: { clientId: 'b', label: 'Ours' }, github: { clientId: 'c' } })
  t.same(social(both, {}, true), { google: { clientId: 'b' } })
})

t.test('options take precedence over variables, one by one', async (t) => {
  const variables = { SOCIAL_GOOGLE_CLIENT_ID: 'a', SOCIAL_GOOGLE_CLIENT_SECRET: SECRET, SOCIAL_GITHUB_CLIENT_ID: 'b', SOCIAL_CORP_DOMAINS: 'corp.example' }
  t.same(social(variables, {
    social: { corp: { clientId: 'c', issuer: 'https://corp.example' }, google: { clientId: 'd', clientSecret: undefined, label: 'G' } }
  }), {
    corp: { clientId: 'c', issuer: 'https://corp.example', domains: ['corp.example'] },
    google: { clientId: 'd', clientSecret: SECRET, label: 'G' },
    github: { clientId: 'b' }
  })
  t.same(Object.keys(social(variables, { social: { github: {}, google: undefined } })), ['github', 'google'], 'those in code come first')
  for (const wrong of [null, 'google', 5]) t.match(problems(() => social(variables, { social: wrong })), [{ name: 'social' }], String(wrong))
})

t.test('http is accepted for a provider on this machine', async (t) => {
  for (const issuer of ['http://localhost:4000', 'http://127.0.0.1', 'http://[::1]:4000/x', 'https://login.example.com']) {
    t.match(inCode({ mine: { clientId: 'a', issuer } }), { mine: { issuer } })
  }
})

const OAUTH2 = {
  clientId: 'a', authorizationEndpoint: 'https://a.example/authorize', tokenEndpoint: 'https://a.example/token',
  profileEndpoints: { user: 'https://a.example/user?fields=id' }, profile: () => ({ subject: '1' })
}
const OPENID = { clientId: 'a', issuer: 'https://a.example' }

t.test('an OAuth 2.0 provider has endpoints and a function', async (t) => {
  t.same(inCode({ mine: { ...OAUTH2, authMethod: 'client_secret_post', params: { prompt: 'login' } } }), {
    mine: { ...OAUTH2, authMethod: 'client_secret_post', params: { prompt: 'login' } }
  })
})

const keyOf = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve }).privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
const APPLE = { clientId: 'com.example', teamId: 'TEAM', keyId: 'KEY', privateKey: keyOf('P-256') }

t.test('Apple has a key, whose line breaks may be escaped; a provider of your own may post its answer', async (t) => {
  const escaped = APPLE.privateKey.replaceAll('\n', '\\n')
  t.same(social({
    SOCIAL_APPLE_CLIENT_ID: APPLE.clientId, SOCIAL_APPLE_TEAM_ID: 'TEAM', SOCIAL_APPLE_KEY_ID: 'KEY', SOCIAL_APPLE_PRIVATE_KEY: escaped,
    SOCIAL_MINE_CLIENT_ID: 'a', SOCIAL_MINE_ISSUER: 'https://a.example', SOCIAL_MINE_RESPONSE_MODE: 'form_post'
  }), { apple: APPLE, mine: { ...OPENID, responseMode: 'form_post' } })
  t.match(inCode({ mine: { ...OAUTH2, responseMode: 'query' } }), { mine: { responseMode: 'query' } })
})

/** What is wrong, the options, the name that is reported, what the message says. */
const REFUSED: [string, object, string, RegExp][] = [
  ['a name that is none', { Google: OPENID }, 'social', /has the invalid name "Google"/],
  ['a name that begins with a dash', { '-a': OPENID }, 'social', /has the invalid name "-a"/],
  ['a name that is too long', { ['a'.repeat(33)]: OPENID }, 'social', /has the invalid name/],
  ['the name of a route', { identities: OPENID }, 'social.identities', /name of a route/],
  ['no object', { google: 'x' }, 'social.google', /object/],
  ['null', { google: null }, 'social.google', /object/],
  ['no client id', { google: { clientSecret: SECRET } }, 'SOCIAL_GOOGLE_CLIENT_ID', /is required/],
  ['an empty client id', { google: { clientId: '' } }, 'social.google.clientId', /Id of your application/],
  ['an empty secret', { google: { clientId: 'a', clientSecret: '' } }, 'social.google.clientSecret', /Secret of your application/],
  ['an unknown member', { google: { clientId: 'a', clientKey: SECRET } }, 'social.google.clientKey', /is not an option/],
  ['a member of another preset', { google: { clientId: 'a', tenant: 'common' } }, 'social.google.tenant', /not an option of the preset google/],
  ['an issuer of a preset', { google: OPENID }, 'social.google.issuer', /not an option of the preset google; give a provider of your own another name/],
  ['an endpoint of a preset', { github: { clientId: 'a', tokenEndpoint: 'https://a.example' } }, 'social.github.tokenEndpoint', /preset github/],
  ['an unknown preset', { mine: { clientId: 'a', preset: 'netscape' } }, 'social.mine.preset', /Which known provider it is.*google/],
  ['a client secret for Apple', { apple: { ...APPLE, clientSecret: SECRET } }, 'social.apple.clientSecret', /is made from teamId, keyId, privateKey/],
  ['no team of Apple', { apple: { ...APPLE, teamId: undefined } }, 'SOCIAL_APPLE_TEAM_ID', /is required for Apple/],
  ['no key of Apple', { apple: { ...APPLE, privateKey: undefined } }, 'SOCIAL_APPLE_PRIVATE_KEY', /is required for Apple/],
  ['a key that is none', { apple: { ...APPLE, privateKey: SECRET } }, 'social.apple.privateKey', /must be the text of the file/],
  ['a key of another curve', { apple: { ...APPLE, privateKey: keyOf('P-384') } }, 'social.apple.privateKey', /must be the text of the file/],
  ['a team of another preset', { google: { clientId: 'a', teamId: 'TEAM' } }, 'social.google.teamId', /not an option of the preset google/],
  ['the response mode of a preset', { google: { clientId: 'a', responseMode: 'form_post' } }, 'social.google.responseMode', /not an option of the preset google/],
  ['a response mode that is none', { mine: { ...OPENID, responseMode: 'fragment' } }, 'social.mine.responseMode', /query or form_post/],
  ['a tenant that is none', { microsoft: { clientId: 'a', tenant: 'northwind.com' } }, 'social.microsoft.tenant', /id of the directory/],
  ['a provider without a preset and an issuer', { netscape: { clientId: 'a' } }, 'SOCIAL_NETSCAPE_ISSUER', /netscape is none of the presets google, .*authorizationEndpoint, tokenEndpoint, profileEndpoints, profile/],
  ['a name that every object has', { constructor: { clientId: 'a' } }, 'SOCIAL_CONSTRUCTOR_ISSUER', /is none of the presets/],
  ['an issuer and endpoints', { mine: { ...OPENID, tokenEndpoint: 'https://a.example' } }, 'social.mine.tokenEndpoint', /does not go with issuer/],
  ['a tenant without a preset', { mine: { ...OPENID, tenant: 'common' } }, 'social.mine.tenant', /does not go with issuer/],
  ['an issuer that is no address', { mine: { clientId: 'a', issuer: 'login.example.com' } }, 'social.mine.issuer', /such as https:/],
  ['an issuer with a query', { mine: { clientId: 'a', issuer: 'https://a.example?x' } }, 'social.mine.issuer', /such as https:/],
  ['an issuer over http', { mine: { clientId: 'a', issuer: 'http://login.example.com' } }, 'social.mine.issuer', /must be a valid https address/],
  ['an issuer with an invalid port', { mine: { clientId: 'a', issuer: 'https://a.example:99999' } }, 'social.mine.issuer', /must be a valid https address/],
  ['an issuer of GitLab over http', { gitlab: { clientId: 'a', issuer: 'http://gitlab.example.com' } }, 'social.gitlab.issuer', /must be a valid https address/],
  ['an endpoint over http', { mine: { ...OAUTH2, tokenEndpoint: 'http://a.example' } }, 'social.mine.tokenEndpoint', /must be a valid https address/],
  ['a profile over http', { mine: { ...OAUTH2, profileEndpoints: { user: 'http://a.example' } } }, 'social.mine.profileEndpoints', /must be a valid https address/],
  ['no token endpoint', { mine: { ...OAUTH2, tokenEndpoint: undefined } }, 'social.mine.tokenEndpoint', /is required/],
  ['no profile', { mine: { ...OAUTH2, profile: undefined } }, 'social.mine.profile', /is required for a provider without issuer/],
  ['a profile that is no function', { mine: { ...OAUTH2, profile: 'x' } }, 'social.mine.profile', /must be a function/],
  ['no address of the user', { mine: { ...OAUTH2, profileEndpoints: { me: 'https://a.example' } } }, 'social.mine.profileEndpoints', /named user/],
  ['a wrong authentication', { mine: { ...OAUTH2, authMethod: 'none' } }, 'social.mine.authMethod', /client_secret_basic or client_secret_post/],
  ['a parameter of the protocol', { google: { clientId: 'a', params: { scope: 'x' } } }, 'social.google.params', /cannot contain scope.*use scopes/],
  ['a response mode', { google: { clientId: 'a', params: { response_mode: 'form_post' } } }, 'social.google.params', /cannot contain response_mode/],
  ['a scope with a space', { google: { clientId: 'a', scopes: ['a b'] } }, 'social.google.scopes.0', /pattern/],
  ['kept tokens that are neither true nor false', { google: { clientId: 'a', keepTokens: 'yes' } }, 'social.google.keepTokens', /true or false/],
  ['a wrong use', { google: { clientId: 'a', use: 'sometimes' } }, 'social.google.use', /must be both or login or register/],
  ['a domain that is none', { google: { clientId: 'a', domains: ['@northwind.com'] } }, 'social.google.domains', /such as northwind\.com/],
  ['required without domains', { google: { clientId: 'a', required: true } }, 'SOCIAL_GOOGLE_DOMAINS', /is required with social\.google\.required/],
  ['a required domain that two have', {
    google: { clientId: 'a', domains: ['a.example', 'NORTHWIND.com'] }, mine: { ...OPENID, domains: ['northwind.com'], required: true }
  }, 'social.mine.domains', /contains northwind\.com, which google has as well/],
  ['a redirect URI of an app that is none', { google: { clientId: 'a', redirectUris: ['/callback'] } }, 'social.google.redirectUris', /redirect URIs of your apps, such as com\.example\.app:/],
  ['one of them over http', { google: { clientId: 'a', redirectUris: ['com.example.app:/callback', 'http://app.example.com/'] } }, 'social.google.redirectUris', /redirect URIs of your apps/],
  ['one with a fragment', { google: { clientId: 'a', redirectUris: ['https://app.example.com/#x'] } }, 'social.google.redirectUris', /redirect URIs of your apps/],
  ['introspection over http', { mine: { ...OAUTH2, introspectionEndpoint: 'http://a.example' } }, 'social.mine.introspectionEndpoint', /must be a valid https address/],
  ['introspection of a preset', { github: { clientId: 'a', introspectionEndpoint: 'https://a.example' } }, 'social.github.introspectionEndpoint', /preset github/],
  ['a blank label', { google: { clientId: 'a', label: ' ' } }, 'social.google.label', /pattern.*Name on buttons/]
]

for (const [what, providers, name, message] of REFUSED) {
  t.test(`${what} is reported once, with a fix and without a secret`, async (t) => {
    const found = problems(() => inCode(providers))
    t.equal(found.length, 1, JSON.stringify(found))
    t.equal(found[0]?.name, name)
    t.match(found[0]?.message, message)
    t.notMatch(JSON.stringify(found), SECRET)
  })
}

t.test('a mistake is reported under the name of the variable that was set', async (t) => {
  const wrong: [Variables, string, RegExp][] = [
    [{ SOCIAL_GOOGLE_CLIENT_SECRET: SECRET }, 'SOCIAL_GOOGLE_CLIENT_ID', /is required/],
    [{ SOCIAL_CORP_CLIENT_ID: 'a' }, 'SOCIAL_CORP_ISSUER', /is required/],
    [{ SOCIAL_CORP_CLIENT_ID: 'a', LATCHKEY_SOCIAL_CORP_ISSUER: 'http://corp.example' }, 'LATCHKEY_SOCIAL_CORP_ISSUER', /https/],
    [{ SOCIAL_GOOGLE_CLIENT_ID: 'a', SOCIAL_GOOGLE_USE: 'never' }, 'SOCIAL_GOOGLE_USE', /both or login or register/],
    [{ SOCIAL_GOOGLE_CLIENT_ID: 'a', SOCIAL_GOOGLE_REQUIRED: 'yes' }, 'SOCIAL_GOOGLE_REQUIRED', /`on` or `off` as a variable/],
    [{ SOCIAL_GOOGLE_CLIENT_ID: 'a', SOCIAL_GOOGLE_DOMAINS: 'a/b' }, 'SOCIAL_GOOGLE_DOMAINS', /northwind\.com/]
  ]
  for (const [variables, name, message] of wrong) {
    const found = problems(() => social(variables))
    t.match(found, [{ name, message }], name)
    t.notMatch(JSON.stringify(found), SECRET)
  }
  t.match(problems(() => social({}, { social: { google: {} } }, true)), [{ name: 'social.google.clientId (or LATCHKEY_SOCIAL_GOOGLE_CLIENT_ID)' }])
})

t.test('every preset is defined, and every member and variable is in docs/social-login.md', async (t) => {
  t.same(Object.keys(presets).sort(), Object.keys(PRESETS).sort())
  const document = readFileSync(join(packageRoot, 'docs', 'social-login.md'), 'utf8')
  for (const [member, { suffix }] of Object.entries(SocialProvider.properties as Record<string, { suffix?: string }>)) {
    t.match(document, new RegExp(`^\\| \`${member}\` \\| ${suffix === undefined ? '' : `\`_${suffix}\` `}\\|`, 'm'), member)
  }
  for (const { label } of Object.values(presets)) t.match(document, new RegExp(`^### ${label}$`, 'm'), label)
})
