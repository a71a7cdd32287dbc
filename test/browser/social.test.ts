import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { freePort } from '../support/free-port.ts'
import { sql } from '../support/session-rows.ts'
import { PASSWORD, register } from '../support/start-server.ts'
import { CLIENT, startUpstream } from '../support/upstream.ts'
import { launch, openContext, SCREENS } from './chromium.ts'
import { startIssuer } from './party.ts'

const SCREENSHOTS = '.screenshots/social'
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

mkdirSync(SCREENSHOTS, { recursive: true })
const browser = await launch()
t.teardown(() => browser.close())
const port = await freePort()
// On another site than the server: cookies go along only with navigations
const upstream = await startUpstream(t, [`http://localhost:${port}/v1/auth/acme/callback`])
const { app, issuer } = await startIssuer(t, {
  port,
  social: {
    acme: { ...CLIENT, issuer: upstream.issuer, label: 'Acme' },
    globex: { ...CLIENT, issuer: `http://127.0.0.1:${await freePort()}`, label: 'Globex' }
  }
})

const ADA = { sub: 'ada-at-acme', email: 'ada@example.com', email_verified: true, name: 'Ada Lovelace' }
const shown = (page: Page, text: string | RegExp) => page.getByText(text).first().waitFor()
const press = (page: Page, name: string) => page.getByRole('button', { name }).click()
const follow = (page: Page, name: string) => page.getByRole('link', { name }).click()

type Step = [name: string, go: (page: Page) => Promise<unknown>]

/** What Ada does, who logs in at Acme first, and Bob, who has a password and adds Acme. `id` keeps one screen apart from the others. */
const steps = (id: string): Step[] => [
  ['login', (page) => page.goto(`${issuer}/login`)],
  ['canceled', async (page) => {
    upstream.person = null
    await follow(page, 'Log in with Acme')
    await shown(page, 'You have canceled the login with Acme')
  }],
  ['down', async (page) => {
    await follow(page, 'Log in with Globex')
    await shown(page, 'Globex does not answer at the moment')
  }],
  ['register', (page) => page.goto(`${issuer}/register?return_to=/account/security`)],
  ['registered', async (page) => {
    upstream.person = { ...ADA, sub: `ada-${id}`, email: `ada.${id}@example.com` }
    await follow(page, 'Create an account with Acme')
    await page.waitForURL(`${issuer}/account/security`)
    await shown(page, `ada.${id}@example.com`)
  }],
  ['logged-out', async (page) => {
    await page.goto(`${issuer}/logout`)
    await press(page, 'Log out')
    await page.waitForURL(`${issuer}/logout`)
  }],
  ['logged-in-again', async (page) => {
    await page.goto(`${issuer}/login`)
    await follow(page, 'Log in with Acme')
    await page.waitForURL(`${issuer}/account`)
  }],
  ['exists', async (page) => {
    await page.context().clearCookies()
    await page.goto(`${issuer}/login`)
    upstream.person = { ...ADA, sub: `bob-${id}`, email: `bob.${id}@example.com` }
    await follow(page, 'Log in with Acme')
    await shown(page, 'There is already an account here with your e-mail address')
  }],
  ['before-linking', async (page) => {
    await page.getByLabel('E-mail').fill(`bob.${id}@example.com`)
    await page.getByLabel('Password').fill(PASSWORD)
    await press(page, 'Log in')
    await page.waitForURL(`${issuer}/account`)
    await follow(page, 'Security')
  }],
  ['linked', async (page) => {
    await press(page, 'Add Acme')
    await shown(page, 'Done: you can log in this way')
  }],
  ['unlinked', async (page) => {
    await press(page, 'Remove Acme')
    await shown(page, 'This way to log in is removed')
  }]
]

// The other two are looked at in views.test.ts
for (const screen of [SCREENS[0]!, SCREENS[3]!]) {
  t.test(`who logs in by a provider finds pages without errors, accessible, ${screen.colorScheme}, ${screen.width} px`, async (t) => {
    const id = `${screen.colorScheme}.${screen.width}`
    const context = await openContext(browser, screen)
    await walk(t, await context.newPage(), id, async (page, name) => {
      await page.screenshot({ path: `${SCREENSHOTS}/${name}-${screen.colorScheme}-${screen.width}.png`, fullPage: true })
      t.notOk(await page.evaluate<boolean>('document.documentElement.scrollWidth > window.innerWidth'), `${name} fits`)
      await page.evaluate(axeSource)
      const { violations } = await page.evaluate<AxeResults>('axe.run({ resultTypes: ["violations"] })')
      t.same(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`), [], name)
    })
    await context.close()
  })
}

t.test('who logs in by a provider needs no JavaScript', async (t) => {
  const context = await openContext(browser, SCREENS[0]!, false)
  await walk(t, await context.newPage(), 'plain', async () => {})
  await context.close()
})

async function walk (t: Test, page: Page, id: string, look: (page: Page, name: string) => Promise<void>): Promise<void> {
  t.equal((await register(app, { email: `bob.${id}@example.com` })).statusCode, 201)
  const said: string[] = []
  page.on('console', (message) => said.push(message.text()))
  for (const [name, go] of steps(id)) {
    await go(page)
    await page.waitForLoadState('load')
    await look(page, name)
  }
  t.same(said.filter((text) => !/Failed to load resource/.test(text)), [], 'the policy had nothing to say')
  t.equal((await sql(app, 'SELECT FROM identifiers WHERE value LIKE $1', [`%.${id}@example.com`])).length, 2, 'no login has created another user')
}
