import t from 'tap'
import { accountPage } from '../../../src/views/account.tsx'
import { createBrand } from '../../../src/views/brand.ts'
import { consentPage } from '../../../src/views/consent.tsx'
import { deviceCodePage, deviceConfirmPage } from '../../../src/views/device.tsx'
import { errorPage } from '../../../src/views/error.tsx'
import { loginPage } from '../../../src/views/login.tsx'
import { logoutPage } from '../../../src/views/logout.tsx'
import { registerPage } from '../../../src/views/register.tsx'
import { localHref, shown } from '../../../src/views/untrusted.ts'
import { decode, tagsOf } from './html.ts'
import { accountModel, consentModel, deviceModel, loginModel, pageOf, registerModel } from './samples.ts'

const HOSTILE = '"><script>x</script>\'&quot;<img src=x onerror=x>&lt;b>'
const page = pageOf()
const KEPT = new Set(['brand', 'texts', 'locale', 'action', 'actions', 'switchUrl', 'links'])

/** The model with every string in it replaced, but for those that are the operator's or must be a path. */
function poison<T> (value: T, key = ''): T {
  if (typeof value === 'string') return HOSTILE as T
  if (KEPT.has(key) || value === null || typeof value !== 'object' || value instanceof Date) return value
  if (Array.isArray(value)) return value.map((item) => poison(item)) as T
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, KEPT.has(name) ? item : poison(item, name)])) as T
}

const fieldErrors = (...names: string[]) => ({ form: [HOSTILE], fields: Object.fromEntries(names.map((name) => [name, [HOSTILE]])) })
const fields = [{ attribute: HOSTILE, title: HOSTILE, hint: HOSTILE }, { attribute: 'constructor', title: HOSTILE }]

const hostile: Record<string, string> = {
  login: loginPage({
    ...poison(loginModel(page)), fields, app: HOSTILE, notice: HOSTILE, values: { username: HOSTILE },
    errors: fieldErrors('username', 'password')
  }),
  register: registerPage({
    ...poison(registerModel(page)), fields, values: { name: HOSTILE, [HOSTILE]: HOSTILE },
    errors: fieldErrors('name', HOSTILE, 'constructor', 'password')
  }),
  consent: consentPage(poison(consentModel(page))),
  'consent for a scheme': consentPage({ ...poison(consentModel(page)), redirectUri: 'com.acme"><script>:/x' }),
  'device code': deviceCodePage({
    ...page, csrf: { name: HOSTILE, value: HOSTILE }, action: '/device', values: { user_code: HOSTILE },
    errors: fieldErrors('user_code')
  }),
  device: deviceConfirmPage(poison(deviceModel(page))),
  logout: logoutPage({
    ...page, csrf: { name: HOSTILE, value: HOSTILE }, action: '/logout', app: HOSTILE, account: { name: HOSTILE },
    hidden: { [HOSTILE]: HOSTILE }
  }),
  error: errorPage({
    ...page, title: HOSTILE, message: HOSTILE, advice: HOSTILE, correlationId: HOSTILE,
    links: [{ href: 'javascript:x', text: HOSTILE }]
  }),
  account: accountPage({
    ...poison(accountModel(page)), newToken: { name: HOSTILE, value: HOSTILE }, errors: fieldErrors('name'), notice: HOSTILE
  }),
  brand: errorPage({
    ...page, brand: createBrand({ name: HOSTILE, logo: 'data:image/png;base64,AA&quot;' }), title: HOSTILE, message: HOSTILE
  })
}

for (const [name, html] of Object.entries(hostile)) {
  t.test(`${name} escapes hostile values`, async (t) => {
    t.ok(html.includes('script'), 'they are shown')
    t.notMatch(html, /<script|<img src=x|<b>/)
    t.notMatch(html, '&quot;', 'an entity in a value stays text')
    const names = new Set(tagsOf(html).flatMap(({ attributes }) => Object.keys(attributes)))
    t.notOk([...names].some((attribute) => attribute.startsWith('on')), 'no attribute was added')
    t.equal((html.match(/</g) ?? []).length, (html.match(/<\/?[a-z!]/gi) ?? []).length, 'every < begins a tag')
  })
}

t.test('a value in a hidden field is escaped without loss', async (t) => {
  const html = logoutPage({ ...page, csrf: { name: '_csrf', value: 'x' }, action: '/logout', hidden: { state: HOSTILE } })
  t.equal(tagsOf(html).find(({ attributes }) => attributes['name'] === 'state')?.attributes['value'], HOSTILE)
})

t.test('a text is escaped without loss', async (t) => {
  const [, message = ''] = errorPage({ ...page, title: 'x', message: HOSTILE }).match(/<p class="lead">(.*?)<\/p>/) ?? []
  t.equal(decode(message), HOSTILE)
})

t.test('forms and links outside this server are refused', async (t) => {
  for (const address of [
    'javascript:alert(1)', 'https://evil.example', '//evil.example', '/\\evil.example', '\\\\evil.example', '/a b',
    'data:text/html,x', ' /x', '/\t/evil.example', ''
  ]) {
    t.throws(() => loginPage({ ...loginModel(page), action: address }), /path on this server/, address)
    t.equal(localHref(address), undefined, address)
  }
  t.equal(localHref('/login?a=1&b=2'), '/login?a=1&amp;b=2')
  t.equal(localHref('/'), '/')
})

t.test('a displayed name has no control characters and a maximum length', async (t) => {
  t.equal(shown('Acme\u202Etxt.exe'), 'Acme txt.exe', 'reading order')
  t.equal(shown('Ac\u200Bme\n\n\u0000  Ltd'), 'Ac me Ltd', 'unseen characters and lines')
  t.equal([...shown('😀'.repeat(200))].length, 80, 'length')
  t.equal(shown('שלום Ωmega'), 'שלום Ωmega', 'other scripts stay')
})
