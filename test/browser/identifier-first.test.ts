import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { freePort } from '../support/free-port.ts'
import { PASSWORD, register } from '../support/start-server.ts'
import { CLIENT, startUpstream } from '../support/upstream.ts'
import { launch, openContext, SCREENS } from './chromium.ts'
import { startIssuer } from './party.ts'

const SCREENSHOTS = '.screenshots/identifier-first'
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

mkdirSync(SCREENSHOTS, { recursive: true })
const browser = await launch()
t.teardown(() => browser.close())
const port = await freePort()
// On another site than the server: cookies go along only with navigations
const upstream = await startUpstream(t, ['northwind', 'contoso'].map((name) => `http://localhost:${port}/v1/auth/${name}/callback`))
const provider = { ...CLIENT, issuer: upstream.issuer }
const { app, issuer } = await startIssuer(t, {
  port,
  login: { identifierFirst: 'on' },
  social: {
    northwind: { ...provider, label: 'Northwind', domains: ['northwind.com'], required: true },
    contoso: { ...provider, label: 'Contoso', domains: ['contoso.com'] }
  }
})
await register(app)
await register(app, { email: 'ada@contoso.com' })

const ADA = 'ada@example.com'
const NOBODY = 'nobody@example.com'
const FORM = 'The account or the password is wrong'

type Look = (page: Page, name: string) => Promise<void>

const press = async (page: Page, name: string) => { await page.getByRole('button', { name, exact: true }).click() }
const password = (page: Page) => page.getByLabel('Password')

async function enter (page: Page, who: string): Promise<void> {
  await page.getByLabel('E-mail').fill(who)
  await press(page, 'Continue')
}

async function secondStep (page: Page, who: string): Promise<void> {
  await page.getByRole('heading', { name: 'Enter your password' }).waitFor()
  await page.getByText(who, { exact: true }).waitFor()
}

/** What the page shows, for anybody. */
const seen = async (page: Page, who: string) => (await page.locator('main').innerText()).replaceAll(who, 'somebody')

async function walk (t: Test, page: Page, look: Look): Promise<void> {
  const at = async (name: string) => {
    await page.waitForLoadState('load')
    await look(page, name)
  }
  await page.goto(`${issuer}/login`)
  t.equal(await password(page).count(), 0)
  t.equal(await page.locator('input:focus').getAttribute('name'), 'username', 'the cursor is where one types')
  await at('first')

  const shown: string[] = []
  for (const who of [NOBODY, ADA]) {
    await page.goto(`${issuer}/login`)
    await enter(page, who)
    await secondStep(page, who)
    t.equal(await page.getByRole('link', { name: /Log in with/ }).count(), 0, 'no provider for whom none is')
    shown.push(await seen(page, who))
    if (who === NOBODY) await at('second')
    await password(page).fill('wrong horse battery staple')
    await press(page, 'Log in')
    await page.getByText(FORM).first().waitFor()
    await page.getByText(who, { exact: true }).waitFor()
    shown.push(await seen(page, who))
    if (who === NOBODY) await at('wrong')
  }
  t.same(shown.slice(0, 2), shown.slice(2), 'nothing tells whether there is an account')

  await password(page).fill(PASSWORD)
  await press(page, 'Log in')
  await page.waitForURL(`${issuer}/account`)
  await press(page, 'Log out')
  await page.waitForURL(`${issuer}/logout`)

  await page.goto(`${issuer}/login`)
  await enter(page, NOBODY)
  await secondStep(page, NOBODY)
  await page.goBack()
  t.equal(await page.getByLabel('E-mail').inputValue(), NOBODY, 'what was entered is there to be corrected')
  await at('back')
  await enter(page, 'ada@contoso.com')
  await secondStep(page, 'ada@contoso.com')
  await at('second-with-provider')
  upstream.person = { sub: 'nobody-at-contoso', email: 'nobody@contoso.com', email_verified: true }
  await page.getByRole('link', { name: 'Log in with Contoso' }).click()
  await page.waitForURL(`${issuer}/account`)
  await press(page, 'Log out')
  await page.waitForURL(`${issuer}/logout`)

  await page.goto(`${issuer}/login?return_to=%2Faccount%2Fsecurity`)
  await enter(page, 'ada@contoso.com')
  await secondStep(page, 'ada@contoso.com')
  await page.getByRole('link', { name: 'Not you? Use another account' }).click()
  await page.getByLabel('E-mail').waitFor()
  // Logged out at the provider, too
  await page.context().clearCookies({ domain: '127.0.0.1' })
  upstream.person = null
  await enter(page, 'ada@northwind.com')
  await page.getByText('You have canceled the login with Northwind').first().waitFor()
  t.equal(await page.locator('[aria-invalid]').count(), 0, 'nothing is wrong with what was entered')
  await at('canceled')
  upstream.person = { sub: 'ada-at-northwind', email: 'ada@northwind.com', email_verified: true }
  await enter(page, 'ada@northwind.com')
  await page.waitForURL(`${issuer}/account/security`)
  await page.getByText('You log in with Northwind, and have no password here.').waitFor()
  await at('security')
}

for (const screen of SCREENS) {
  t.test(`a login in two steps has pages without errors, accessible, ${screen.colorScheme}, ${screen.width} px`, async (t) => {
    const context = await openContext(browser, screen)
    const page = await context.newPage()
    const said: string[] = []
    page.on('console', (message) => said.push(message.text()))
    await walk(t, page, async (page, name) => {
      await page.screenshot({ path: `${SCREENSHOTS}/${name}-${screen.colorScheme}-${screen.width}.png`, fullPage: true })
      t.notOk(await page.evaluate<boolean>('document.documentElement.scrollWidth > window.innerWidth'), `${name} fits`)
      await page.evaluate(axeSource)
      const { violations } = await page.evaluate<AxeResults>('axe.run({ resultTypes: ["violations"] })')
      t.same(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`), [], name)
    })
    t.same(said.filter((text) => !/Failed to load resource/.test(text)), [], 'the policy had nothing to say')
    await context.close()
  })
}

t.test('a login in two steps needs no JavaScript', async (t) => {
  const context = await openContext(browser, SCREENS[0]!, false)
  await walk(t, await context.newPage(), async () => {})
  await context.close()
})
