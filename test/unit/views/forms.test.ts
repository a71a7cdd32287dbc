import t from 'tap'
import { accountPage } from '../../../src/views/account.tsx'
import { consentPage } from '../../../src/views/consent.tsx'
import { loginPage } from '../../../src/views/login.tsx'
import { redirectTarget } from '../../../src/views/redirect-target.ts'
import { registerPage } from '../../../src/views/register.tsx'
import { Heading } from '../../../src/views/parts.tsx'
import { tagsOf } from './html.ts'
import { accountModel, consentModel, loginModel, pageOf, registerModel } from './samples.ts'

const page = pageOf()
const control = (html: string, name: string) => tagsOf(html).find(({ attributes }) => attributes['name'] === name)?.attributes ?? {}

t.test('the label of the login field names the accepted attributes', async (t) => {
  const field = (...attributes: string[]) =>
    loginPage({ ...loginModel(page), fields: attributes.map((attribute) => ({ attribute, title: `the ${attribute}` })) })
  t.match(field('email', 'phone'), '>E-mail or phone</span>')
  t.match(field('email', 'phone', 'badge'), '>E-mail, phone, or the badge</span>')
  t.match(loginPage(loginModel(pageOf('de'))), '>E-Mail oder Telefon</span>')
  t.equal(control(field('email'), 'username')['inputmode'], 'email')
  t.equal(control(field('phone'), 'username')['inputmode'], 'tel')
  t.equal(control(field('email', 'phone'), 'username')['inputmode'], undefined, 'no keyboard fits both')
})

t.test('autocomplete attributes identify the fields for browsers and password managers', async (t) => {
  const login = loginPage(loginModel(page))
  t.equal(control(login, 'username')['autocomplete'], 'username')
  t.equal(control(login, 'password')['autocomplete'], 'current-password')
  const register = registerPage(registerModel(page))
  t.equal(control(register, 'email')['autocomplete'], 'username')
  t.equal(control(register, 'phone')['autocomplete'], 'tel')
  t.equal(control(register, 'password')['autocomplete'], 'new-password')
  t.equal(control(register, 'password')['passwordrules'], 'minlength: 8;')
})

t.test('the first field that needs input has the focus', async (t) => {
  const focused = (html: string) => tagsOf(html).find(({ attributes }) => 'autofocus' in attributes)?.attributes['name']
  const model = loginModel(page)
  t.equal(focused(loginPage(model)), 'username')
  t.equal(focused(loginPage({ ...model, values: { username: 'ada' } })), 'password')
  t.equal(focused(loginPage({ ...model, values: { username: 'ada' }, errors: { fields: { username: ['no'] } } })), 'username')
  t.equal(focused(registerPage({ ...registerModel(page), values: { email: 'a@b.co', phone: '+491' } })), 'password')
  const [phone, email] = [{ attribute: 'phone', title: 'phone' }, { attribute: 'email', title: 'e-mail' }]
  const fields = (needed: object) => focused(registerPage({ ...registerModel(page), fields: [phone, { ...email, ...needed }], values: {} }))
  t.equal(fields({}), 'phone', 'any of them is enough')
  t.equal(fields({ isRequired: true }), 'email', 'not what is optional')
  const invited = { ...registerModel(page), fields: [phone, { ...email, isFixed: true }], values: { email: 'a@b.co' } }
  t.equal(focused(registerPage(invited)), 'password', 'nor what cannot be changed')
  t.equal(focused(registerPage({ ...invited, errors: { fields: { phone: ['no'] } } })), 'phone', 'unless it is wrong')
})

t.test('a field with an error is described by it, and linked from the summary', async (t) => {
  const html = registerPage({ ...registerModel(page), errors: { fields: { email: ['No.', 'Never.'], phone: [] } } })
  t.equal(control(html, 'email')['aria-invalid'], 'true')
  t.equal(control(html, 'email')['aria-describedby'], 'field-email-wrong')
  t.equal(control(html, 'phone')['aria-invalid'], undefined)
  t.match(html, '<a href="#field-email">E-mail: No. Never.</a>')
  t.match(html, '<title>Error: Create an account · Northwind</title>')
  t.notMatch(registerPage(registerModel(page)), 'Error: ')
})

t.test('no page contains the password that was typed', async (t) => {
  t.notMatch(registerPage({ ...registerModel(page), values: { password: 'open sesame' } }), 'open sesame')
})

t.test('the consent page says who asks and where the user will be sent', async (t) => {
  const html = consentPage(consentModel(page))
  t.match(html, 'Northwind has not checked who is behind “Acme Reports”')
  t.match(html, '<bdi>reports.acme.example</bdi>')
  t.match(html, 'See your orders')
  t.match(html, 'name="decision" value="allow"')
  t.match(html, 'name="decision" value="deny"')
  t.notMatch(html, 'a program on this computer')
  t.notMatch(consentPage({ ...consentModel(page), client: { name: 'Shop', firstParty: true, ofUser: false } }), 'has not checked')
  t.notMatch(
    consentPage({ ...consentModel(page), client: { name: 'Partner', firstParty: false, ofUser: false } }),
    'has not checked',
    'the operator has registered it'
  )
  t.match(consentPage({ ...consentModel(page), redirectUri: 'http://localhost:8080/cb' }), 'a program on this computer')
  t.match(consentPage({ ...consentModel(page), redirectUri: 'com.acme.app:/cb' }), 'an app on this device (com.acme.app)')
})

t.test('a redirect URI leads to this machine, to a site or to an app', async (t) => {
  for (const uri of [
    'http://localhost/cb', 'http://127.0.0.1:1234/cb', 'http://127.9.9.9/', 'http://[::1]:80/cb', 'https://app.localhost/',
    'http://2130706433/', 'http://LOCALHOST./'
  ]) {
    t.equal(redirectTarget(uri).kind, 'local', uri)
  }
  t.same(redirectTarget('https://good.example@evil.example:8443/x'), { kind: 'site', name: 'evil.example:8443' })
  t.same(redirectTarget('https://аpple.example/'), { kind: 'site', name: 'xn--pple-43d.example' }, 'look-alikes are written out')
  t.equal(redirectTarget('https://localhost.evil.example/').kind, 'site')
  t.same(redirectTarget('nonsense'), { kind: 'app', name: 'nonsense' })
})

t.test('the account page shows sessions, apps and tokens', async (t) => {
  const html = accountPage({ ...accountModel(page), newToken: { name: 'CI', value: 'lk_pat_once' } })
  t.match(html, 'readonly')
  t.match(html, '>lk_pat_once</textarea>')
  t.match(html, '3 hours ago')
  t.match(html, '<span>Log out</span><span class="unseen"> Safari on iPhone, ')
  t.same(
    tagsOf(html).flatMap(({ attributes: { name, value } }) => name === 'id' ? value : []),
    ['s1', 's2', 's3', 'a1', 't1', 't2']
  )
  t.equal(control(html, 'scope:orders:read')['type'], 'checkbox')
  t.match(accountPage(accountModel(pageOf('de'))), 'vor 3 Stunden')
})

t.test('the heading of a page does not divide e-mail', async (t) => {
  t.equal(Heading({ text: 'Confirm your e-mail address' }), '<h1><span>Confirm your </span><span class="whole">e-mail</span><span> address</span></h1>')
  t.equal(Heading({ text: 'Ihre E-Mail-Adresse <b>' }), '<h1>Ihre E-Mail-Adresse &lt;b></h1>', 'a longer word may be divided elsewhere')
})
