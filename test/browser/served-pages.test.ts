import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import t from 'tap'
import { asked, makeTv } from '../support/device.ts'
import { makeClient, PASSWORD, register } from '../support/start-server.ts'
import { authorizeUrl } from '../support/visitor.ts'
import { launch, openContext, SCREENS } from './chromium.ts'
import { startIssuer, startParty } from './party.ts'
import { internals } from '../../plugins/internals.ts'

const SCREENSHOTS = '.screenshots/served'
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

mkdirSync(SCREENSHOTS, { recursive: true })
const browser = await launch()
t.teardown(() => browser.close())
const { app, issuer } = await startIssuer(t, {
  scopes: { 'orders:read': 'See your orders' },
  login: { attributes: (await import('../../src/schemas/identifiers.ts')).readyAttributes }
})
const party = await startParty(t)
const { id: user } = (await register(app)).json<{ id: string }>()
const own = { grantTypes: ['authorization_code'], scopes: ['*'], redirectUris: [party.callback, 'https://app.example.com/callback'] }
const { id } = await makeClient(app, { name: 'Acme Reports', firstParty: false, ...own })
const { id: trusted } = await makeClient(app, { name: 'Shop', firstParty: true, skipsConsent: true, ...own })
const { client: photos } = await makeClient(app, { name: 'Holiday Photos', firstParty: false, ...own })
await internals(app).store.consents.add({ userId: user, client: photos, scopes: ['openid', 'orders:read'], resources: [] })
const { id: tv } = await makeTv(app, { name: 'Living Room TV', scopes: ['*'] })
const ask = (client: string, more: Record<string, string> = {}) =>
  issuer + authorizeUrl(client, { scope: 'openid email orders:read', ...more })

type Step = [name: string, go: (page: Page) => Promise<unknown>]

const STEPS: Step[] = [
  ['login', (page) => page.goto(`${issuer}/login`)],
  ['login-for-app', (page) => page.goto(ask(id))],
  ['login-wrong', async (page) => {
    await page.getByLabel('E-mail').fill('ada@example.com')
    await page.getByLabel('Password').fill('wrong')
    await page.getByRole('button', { name: 'Log in' }).click()
  }],
  ['register', (page) => page.getByRole('link', { name: 'Create an account' }).click()],
  ['register-wrong', async (page) => {
    await page.getByLabel('E-mail').fill('ada@example.com')
    await page.getByLabel('Password').fill('short')
    await page.getByRole('button', { name: 'Create account' }).click()
  }],
  ['error', (page) => page.goto(ask('nobody'))],
  ['consent', async (page) => {
    await page.goto(ask(id))
    await page.getByLabel('E-mail').fill('ada@example.com')
    await page.getByLabel('Password').fill(PASSWORD)
    await page.getByRole('button', { name: 'Log in' }).click()
  }],
  ['form-post', (page) => page.goto(ask(trusted, { response_mode: 'form_post' }))],
  ['device', (page) => page.goto(`${issuer}/device`)],
  ['device-wrong', async (page) => {
    await page.getByLabel('Code').fill('BBBB-BBBB')
    await page.getByRole('button', { name: 'Continue' }).click()
  }],
  ['device-confirm', async (page) => {
    await page.getByLabel('Code').fill((await asked(app, { client_id: tv, scope: 'openid orders:read' })).user_code)
    await page.getByRole('button', { name: 'Continue' }).click()
  }],
  ['device-allowed', (page) => page.getByRole('button', { name: 'Connect', exact: true }).click()],
  ['device-denied', async (page) => {
    await page.goto(`${issuer}/device?user_code=${(await asked(app, { client_id: tv })).user_code}`)
    await page.getByRole('button', { name: 'Do not connect' }).click()
  }],
  ['account', (page) => page.goto(`${issuer}/account`)],
  ['account-wrong', async (page) => {
    await page.evaluate('document.querySelector("#field-name").required = false')
    await page.getByRole('button', { name: 'Create token' }).click()
  }],
  ['account-token', async (page) => {
    await page.getByLabel('Name', { exact: true }).fill('Nightly backup')
    await page.getByLabel('See your orders').check()
    await page.getByRole('button', { name: 'Create token' }).click()
  }],
  ['account-end', (page) => page.getByRole('button', { name: 'Remove Holiday Photos' }).click()],
  ['account-expired', async (page) => {
    await page.evaluate('for (const field of document.querySelectorAll("[name=_csrf]")) field.value = "old"')
    await page.getByRole('button', { name: 'Remove access' }).click()
  }],
  ['logout', (page) => page.goto(`${issuer}/logout`)],
  ['logged-out', (page) => page.getByRole('button', { name: 'Log out' }).click()],
  ['forged', async (page) => {
    await page.goto(`${issuer}/login`)
    await page.evaluate('document.querySelector("[name=_csrf]").value = "old"')
    await page.getByLabel('E-mail').fill('ada@example.com')
    await page.getByLabel('Password').fill(PASSWORD)
    await page.getByRole('button', { name: 'Log in' }).click()
  }]
]

for (const screen of SCREENS) {
  t.test(`every served page has no errors and is accessible, ${screen.colorScheme}, ${screen.width} px`, async (t) => {
    // Without scripts, as pages must work; the protocol's evaluate runs all the same
    const context = await openContext(browser, screen)
    await context.route('**/*.js', (route) => route.abort())
    const page = await context.newPage()
    const said: string[] = []
    page.on('console', (message) => said.push(message.text()))
    for (const [name, go] of STEPS) {
      await go(page)
      await page.waitForLoadState('load')
      await page.screenshot({ path: `${SCREENSHOTS}/${name}-${screen.colorScheme}-${screen.width}.png`, fullPage: true })
      t.notOk(await page.evaluate<boolean>('document.documentElement.scrollWidth > window.innerWidth'), `${name} fits`)
      await page.evaluate(axeSource)
      const { violations } = await page.evaluate<AxeResults>('axe.run({ resultTypes: ["violations"] })')
      t.same(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`), [], name)
    }
    // What the browser says of answers with 400 and of the script that was held back
    const heard = said.filter((text) => !/Failed to load resource/.test(text))
    t.same(heard, [], ['the policy had nothing to say', ...heard].join(': '))
    await context.close()
  })
}
