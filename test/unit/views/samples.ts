import { accountDataPage } from '../../../src/views/account-data.tsx'
import { accountDeletePage, restorePage, type AccountDeleteModel } from '../../../src/views/account-delete.tsx'
import { accountEndPage, type AccountEndModel } from '../../../src/views/account-end.tsx'
import { accountPage, type AccountModel } from '../../../src/views/account.tsx'
import { accountProfilePage, type AccountProfileModel } from '../../../src/views/account-profile.tsx'
import { accountSecurityPage, type AccountSecurityModel } from '../../../src/views/account-security.tsx'
import { createBrand } from '../../../src/views/brand.ts'
import { consentPage, type ConsentModel } from '../../../src/views/consent.tsx'
import { deviceCodePage, deviceConfirmPage, deviceDonePage, type DeviceConfirmModel } from '../../../src/views/device.tsx'
import { errorPage } from '../../../src/views/error.tsx'
import { loginPage, type LoginModel } from '../../../src/views/login.tsx'
import { loggedOutPage, logoutPage } from '../../../src/views/logout.tsx'
import type { Page } from '../../../src/views/page.ts'
import { forgotPasswordPage, resetPasswordPage, type ForgotPasswordModel, type ResetPasswordModel } from '../../../src/views/password.tsx'
import type { ProfileInput } from '../../../src/views/profile-fields.tsx'
import { registerPage, type RegisterModel } from '../../../src/views/register.tsx'
import { secondFactorPage } from '../../../src/views/second-factor.tsx'
import { startPage } from '../../../src/views/start.tsx'
import { undoPage } from '../../../src/views/undo.tsx'
import { termsPage } from '../../../src/views/terms.tsx'
import { donePage, verifyLinkPage, verifyPage, type VerifyModel } from '../../../src/views/verify.tsx'
import { languages } from '../../../src/views/texts/index.ts'

export const LOGO =
  '<svg viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#2f5bd3"/><path d="M11 15v-3a5 5 0 0 1 10 0v3m-11 0h12v8H10z" fill="none" stroke="#fff" stroke-width="2"/></svg>'

export const brand = createBrand({ name: 'Northwind', logo: LOGO })
const csrf = { name: '_csrf', value: 'csrf-token' }
const scopes = [
  { name: 'openid' },
  { name: 'orders:read', description: 'See your orders' },
  { name: 'orders:write', description: 'Place and cancel orders' }
]
const account = { name: 'ada@example.com', switchUrl: '/login?prompt=login' }

/** Every page in each of its states, by a name for test messages and screenshots. */
export function samplePages (page: Page): Record<string, string> {
  return {
    start: startPage({
      ...page,
      links: [
        { href: '/login', text: page.texts.start.login },
        { href: '/register', text: page.texts.start.register },
        { href: '/docs', text: page.texts.start.docs }
      ]
    }),
    'start-logged-in': startPage({ ...page, account, links: [{ href: '/account', text: page.texts.start.account }] }),
    login: loginPage(loginModel(page)),
    'login-wrong': loginPage({
      ...loginModel(page), app: 'Acme Reports', values: { username: 'ada@example.com' },
      errors: { form: [page.texts.problems.wrongLogin] }
    }),
    'login-identifier': loginPage({ ...loginModel(page), step: 'identifier', app: 'Acme Reports' }),
    'login-password': loginPage({
      ...loginModel(page), step: 'password', values: { username: 'ada@example.com' },
      errors: { form: [page.texts.problems.wrongLogin] }, links: { forgot: '/forgot', another: '/login' }
    }),
    register: registerPage(registerModel(page)),
    'register-strict': registerPage({ ...registerModel(page), passwordKinds: ['mixedCase', 'letters', 'symbols', 'numbers'] }),
    'register-fields': registerPage({
      ...registerModel(page), profileFields, values: { 'profile.news': 'true' },
      errors: { fields: Object.fromEntries(profileFields.map(({ name }) => [name, [page.texts.problems.invalid]])) }
    }),
    'register-terms': registerPage({
      ...registerModel(page), terms: { url: 'https://www.example.com/terms', privacyUrl: 'https://www.example.com/privacy' },
      errors: { fields: { terms_accepted: [page.texts.problems.mustAccept] } }
    }),
    'second-factor': secondFactorPage({
      ...page, csrf, action: '/login/factor', account: { name: 'ada@example.com' }, ways: ['totp', 'recovery_code'], links: { login: '/login' }
    }),
    'second-factor-wrong': secondFactorPage({
      ...page, csrf, action: '/login/factor', account: { name: 'ada@example.com' }, ways: ['totp'], links: { login: '/login' },
      errors: { fields: { code: [page.texts.problems.wrongCode] } }
    }),
    terms: termsPage({
      ...page, action: '/account/terms', csrf, account: { name: account.name }, terms: { url: 'https://www.example.com/terms' },
      links: { logout: '/logout' }
    }),
    'register-elsewhere': registerPage({
      ...registerModel(page), values: { email: 'ada@northwind.com' }, errors: { fields: { email: [page.texts.problems.atProvider('Northwind')] } },
      links: { login: '/login', elsewhere: { href: '/v1/auth/northwind/redirect', text: page.texts.upstream.logIn('Northwind') } }
    }),
    'register-wrong': registerPage({
      ...registerModel(page), values: { email: 'ada@', phone: '+49 170 1234567' },
      errors: { fields: { email: [page.texts.problems.invalid], password: [page.texts.problems.passwordShort(8)] } }
    }),
    'forgot-password': forgotPasswordPage(forgotModel(page)),
    'forgot-password-empty': forgotPasswordPage({ ...forgotModel(page), errors: { fields: { email: [page.texts.problems.missing] } } }),
    'forgot-password-sent': forgotPasswordPage({ ...forgotModel(page), sent: true }),
    'reset-password': resetPasswordPage(resetModel(page)),
    'reset-password-weak': resetPasswordPage({
      ...resetModel(page), removed: true, errors: { fields: { password: [page.texts.problems.passwordShort(8)] } }
    }),
    'reset-password-done': donePage({
      ...page, title: page.texts.password.doneTitle, message: page.texts.password.done, links: [{ href: '/login', text: page.texts.password.login }]
    }),
    'link-bad': donePage({
      ...page, title: page.texts.password.badTitle, message: page.texts.password.bad,
      links: [{ href: '/password/forgot', text: page.texts.password.newLink }, { href: '/login', text: page.texts.password.back }]
    }),
    verify: verifyPage(verifyModel(page)),
    'verify-sent': verifyPage({ ...verifyModel(page), sent: true, required: true }),
    'verify-new-address': verifyPage({ ...verifyModel(page), sent: true, required: true, newAddress: 'ada@exmaple.com' }),
    'verify-wrong': verifyPage({ ...verifyModel(page), sent: true, errors: { fields: { code: [page.texts.verify.wrongCode] } } }),
    'verify-guest': verifyPage({ ...verifyModel(page), address: null }),
    'verify-guest-sent': verifyPage({ ...verifyModel(page), address: null, sent: true }),
    'verify-link': verifyLinkPage({ ...page, csrf, action: '/email/verify', address: 'ada@example.com', askPassword: false, isChange: false }),
    'verify-link-change': verifyLinkPage({ ...page, csrf, action: '/email/verify', address: 'ada@new.example', askPassword: true, isChange: true }),
    undo: undoPage({ ...page, csrf, action: '/email/undo', field: { attribute: 'email', title: 'e-mail address' }, value: 'ada@example.com' }),
    'verify-link-foreign': verifyLinkPage({
      isChange: false,
      ...page, csrf, action: '/email/verify', address: 'ada@example.com', askPassword: true, errors: { fields: { password: [page.texts.verify.wrongPassword] } }
    }),
    consent: consentPage(consentModel(page)),
    'consent-first-party': consentPage({
      ...consentModel(page), client: { name: 'Northwind Shop', firstParty: true, ofUser: false }, scopes: []
    }),
    'consent-resources': consentPage({ ...consentModel(page), resources: ['https://api.example.com', 'https://files.example.com/v2'] }),
    'consent-local': consentPage({ ...consentModel(page), redirectUri: 'http://127.0.0.1:53682/callback' }),
    'device-code': deviceCodePage({ ...page, csrf, action: '/device' }),
    'device-code-wrong': deviceCodePage({
      ...page, csrf, action: '/device', values: { user_code: 'WDJB-MJHX' },
      errors: { fields: { user_code: [page.texts.problems.unknownCode] } }
    }),
    'device-confirm': deviceConfirmPage(deviceModel(page)),
    'device-allowed': deviceDonePage({ ...page, allowed: true }),
    'device-denied': deviceDonePage({ ...page, allowed: false }),
    logout: logoutPage({
      ...page, csrf, action: '/logout', app: 'Acme Reports', provider: 'Northwind', account, hidden: { state: 'a b' }, links: { stay: '/account' }
    }),
    'logged-out': loggedOutPage({ ...page, links: { login: '/login' } }),
    error: errorPage({
      ...page, ...page.texts.errors.badRequest, correlationId: 'req-1f8k', detail: 'redirect_uri is not registered',
      links: [{ href: '/account', text: page.texts.account.title }]
    }),
    account: accountPage(accountModel(page)),
    'account-done': accountPage({ ...accountModel(page), notice: page.texts.account.othersEnded }),
    'account-end-session': accountEndPage(accountEndModel(page)),
    'account-end-others': accountEndPage({ ...accountEndModel(page), kind: 'others', name: '', facts: [] }),
    'account-end-app': accountEndPage({ ...accountEndModel(page), kind: 'app', name: 'Acme Reports', facts: [] }),
    'account-token': accountPage({ ...accountModel(page), newToken: { name: 'Backup script', value: `lk_pat_${'4f9a'.repeat(16)}` } }),
    'account-profile': accountProfilePage(profileModel(page)),
    'account-profile-fields': accountProfilePage({ ...profileModel(page), profileFields, values: { 'profile.size': 'large' } }),
    'account-profile-wrong': accountProfilePage({
      ...profileModel(page), errors: { fields: { email: [page.texts.problems.taken], current_password: [page.texts.problems.missing] } }
    }),
    'account-data': accountDataPage({ ...frame(page, '/account/data'), links: { export: '/account/data/export', delete: '/account/data/delete' } }),
    'account-delete': accountDeletePage({ ...deleteModel(page), hasApps: true }),
    'account-delete-refused': accountDeletePage({ ...deleteModel(page), errors: { form: ['You have open orders.'], fields: {} } }),
    restore: restorePage({ ...page, csrf, action: '/account/restore', account: { name: 'ada@example.com' }, at: new Date('2026-12-08T13:00:00Z') }),
    'account-security': accountSecurityPage(securityModel(page)),
    'account-security-at-provider': accountSecurityPage({ ...securityModel(page), passwordRules: null, atProvider: 'Northwind' }),
    'account-security-wrong': accountSecurityPage({
      ...securityModel(page), history: [], links: {},
      errors: { fields: { current_password: [page.texts.problems.wrongPassword], new_password: [page.texts.problems.passwordShort(8)] } }
    }),
    'account-empty': accountPage({
      ...accountModel(page), sessions: [], apps: [], tokens: [], errors: { fields: { name: [page.texts.problems.missing] } }
    })
  }
}

const forgotModel = (page: Page): ForgotPasswordModel => ({
  ...page, csrf, action: '/password/forgot', sent: false, links: { login: '/login', again: '/password/forgot' },
  fields: [{ attribute: 'email', title: 'e-mail address' }, { attribute: 'phone', title: 'phone number' }]
})

const resetModel = (page: Page): ResetPasswordModel => ({
  ...page, csrf, action: '/password/reset', account: 'ada@example.com', rules: { minLength: 8, kinds: [] }, removed: false, undone: false
})

const verifyModel = (page: Page): VerifyModel => ({
  ...page, csrf, action: '/email/verify', address: 'ada@example.com', fields: [{ attribute: 'email', title: 'e-mail address' }],
  sent: false, required: false, newAddress: null, links: { login: '/login' }
})

export function pageOf (language = 'en', locale = language): Page {
  const texts = languages[language]
  if (!texts) throw new Error(`no texts for ${language}`)
  return { brand, texts, locale }
}

export function loginModel (page: Page): LoginModel {
  return {
    ...page, csrf, action: '/login', hidden: { return_to: '/v1/oauth/authorize?client_id=a&state=b' },
    fields: [{ attribute: 'email', title: 'e-mail address' }, { attribute: 'phone', title: 'phone number' }],
    links: { register: '/register', forgot: '/forgot' }
  }
}

export function registerModel (page: Page): RegisterModel {
  return {
    ...page, csrf, action: '/register', fields: loginModel(page).fields, askName: true, minPasswordLength: 8,
    links: { login: '/login' }
  }
}

export function consentModel (page: Page): ConsentModel {
  return {
    ...page,
    csrf,
    action: '/v1/oauth/authorize',
    hidden: { client_id: 'lk_client_1', state: 'a&b' },
    client: { name: 'Acme Reports', firstParty: false, ofUser: true },
    redirectUri: 'https://reports.acme.example/callback',
    account,
    scopes,
    canTakeBack: true
  }
}

export function deviceModel (page: Page): DeviceConfirmModel {
  return {
    ...page, csrf, action: '/device', userCode: 'WDJB-MJHT', client: { name: 'Living Room TV', firstParty: false, ofUser: true },
    account, scopes, device: { name: 'SmartTV/3.1', place: '203.0.113.9', askedAt: new Date('2026-11-24T13:03:00Z') },
    now: new Date('2026-11-24T13:05:00Z')
  }
}

function deleteModel (page: Page): AccountDeleteModel {
  return {
    ...page, csrf, action: '/account/data/delete', account: { name: 'ada@example.com' }, at: new Date('2026-12-08T13:00:00Z'), hasApps: false,
    links: { export: '/account/data/export', back: '/account/data' }
  }
}

function accountEndModel (page: Page): AccountEndModel {
  return {
    ...page, csrf, action: '/account/sessions/end', hidden: { id: 's2' }, kind: 'session', name: 'Safari on iPhone',
    facts: ['203.0.113.7', 'Last used 3 hours ago'], links: { back: '/account' }
  }
}

function frame (page: Page, current: string) {
  const { account, data, profile, security } = page.texts
  const pages = [['/account', account.overview], ['/account/profile', profile.title], ['/account/security', security.title], ['/account/data', data.title]] as const
  return {
    ...page, csrf, account: { name: 'ada@example.com' }, actions: { logout: '/logout' },
    nav: pages.map(([href, text]) => ({ href, text, current: href === current }))
  }
}

const profileFields: ProfileInput[] = [
  { name: 'profile.company', label: 'Company', hint: 'Where you work', kind: 'text', isRequired: true, choices: [], input: { type: 'text', maxlength: 20 } },
  { name: 'profile.age', label: 'Age', kind: 'text', isRequired: false, choices: [], input: { type: 'number', step: '1', min: 18 } },
  { name: 'profile.news', label: 'Send me news', hint: 'Once a month', kind: 'checkbox', isRequired: false, choices: [], input: {} },
  { name: 'profile.size', label: 'Size', hint: 'Of your team', kind: 'select', isRequired: true, choices: ['small', 'large'], input: {} }
]

function profileModel (page: Page): AccountProfileModel {
  return {
    ...frame(page, '/account/profile'),
    actions: { logout: '/logout', saveName: '/account/profile', saveLogin: '/account/profile/login', confirm: '/account/profile/confirm' },
    pending: [{ attribute: 'email', title: 'e-mail address', value: 'ada@new.example', isMail: true }],
    askPassword: true, links: { login: '/login?prompt=login' }, languages: ['en', 'de', 'fr'],
    fields: loginModel(page).fields, values: { name: 'Ada Lovelace', email: 'ada@example.com' }
  }
}

function securityModel (page: Page): AccountSecurityModel {
  const { history } = page.texts
  return {
    ...frame(page, '/account/security'),
    actions: { logout: '/logout', changePassword: '/account/security/password' },
    passwordRules: { minLength: 8, kinds: [] },
    history: [
      { what: history['login.failed.wrong_password']!, at: new Date('2026-11-24T13:05:00Z'), facts: ['Safari on iPhone', '203.0.113.7'] },
      { what: history['password.changed']!, at: new Date('2026-11-20T08:00:00Z'), facts: [] }
    ],
    links: { older: '/account/security?before=1' }
  }
}

export function accountModel (page: Page): AccountModel {
  const now = new Date('2026-11-24T13:05:00Z')
  const ago = (hours: number) => new Date(now.getTime() - hours * 3_600_000)
  return {
    ...frame(page, '/account'),
    now,
    actions: {
      logout: '/logout', endSession: '/account/sessions/end', endOthers: '/account/sessions/end-others', endApp: '/account/apps/end', endToken: '/account/tokens/end',
      createToken: '/account/tokens'
    },
    sessions: [
      { id: 's1', device: 'Firefox on Linux', place: '203.0.113.7', lastUsedAt: ago(0), current: true },
      { id: 's2', device: 'Safari on iPhone', place: 'Leipzig, Germany', lastUsedAt: ago(3), current: false },
      { id: 's3', device: null, place: null, lastUsedAt: ago(400), current: false }
    ],
    apps: [{ id: 'a1', name: 'Acme Reports', scopes, since: ago(2000), lastUsedAt: ago(30) }],
    tokens: [
      { id: 't1', name: 'Nightly export', scopes: scopes.slice(1, 2), createdAt: ago(900), lastUsedAt: null, expiresAt: ago(-900) },
      { id: 't2', name: 'CI', scopes: [], createdAt: ago(90), lastUsedAt: ago(1), expiresAt: null }
    ],
    tokenForm: { scopes: scopes.slice(1), days: [30, 90, 365, 0], values: { days: 90 } }
  }
}
