import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import t from 'tap'
import { createBrand } from '../../src/views/brand.ts'
import { brand, LOGO, pageOf, samplePages } from '../unit/views/samples.ts'
import { launch, openContext, SCREENS, type Screen } from './chromium.ts'
import { servePages } from './serve.ts'

const SCREENSHOTS = '.screenshots'
/** Pages that are looked at at the same time. */
const PARALLEL = 2
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const yellow = createBrand({ name: 'Sunny', logo: LOGO, accent: '#ffe600' })
const white = createBrand({ name: 'Snow', accent: '#ffffff' })
const named = (prefix: string, pages: Record<string, string>) =>
  Object.fromEntries(Object.entries(pages).map(([name, html]) => [`${prefix}-${name}`, html]))
const plain = named('en', samplePages(pageOf()))
const words = { ...named('de', samplePages(pageOf('de'))), ...named('fr', samplePages(pageOf('fr'))), ...named('rtl', samplePages(pageOf('en', 'ar'))) }
const accents = {
  ...named('yellow', samplePages({ ...pageOf(), brand: yellow })),
  ...named('white', samplePages({ ...pageOf(), brand: white }))
}
const pages = { ...plain, ...words, ...accents }
const broken = '<!DOCTYPE html><html><title>x</title><body style="color: #777"><img src="https://elsewhere.invalid/x.png"></body></html>'

mkdirSync(SCREENSHOTS, { recursive: true })
const browser = await launch()
const server = await servePages({ ...pages, broken }, [brand, yellow, white])
t.teardown(async () => {
  server.close()
  await browser.close()
})

for (const screen of SCREENS) {
  t.test(`every view has no errors and is accessible, ${screen.colorScheme}, ${screen.width} px`, async (t) => {
    const context = await openContext(browser, screen)
    const names = namesFor(screen)
    await Promise.all(Array.from({ length: PARALLEL }, async () => {
      const page = await context.newPage()
      for (let name = names.shift(); name !== undefined; name = names.shift()) t.same(await faults(page, name, screen), [], name)
    }))
    await context.close()
  })
}

/** Other words can only be too long, other accents only hard to read: the narrow screen tells, on some pages. */
function namesFor ({ width, colorScheme }: Screen): string[] {
  if (width > 375) return Object.keys(plain)
  const accented = Object.keys(accents).filter((name) => /-(login|register-wrong|consent)$/.test(name))
  return [...Object.keys(plain), ...accented, ...(colorScheme === 'light' ? Object.keys(words) : [])]
}

/** What axe finds, what the console says, and what does not fit on the screen. */
async function faults (page: Page, name: string, screen: Screen): Promise<string[]> {
  const said: string[] = []
  const hear = (message: { text: () => string }) => { said.push(message.text()) }
  page.on('console', hear)
  await page.goto(`${server.url}/${name}`)
  await page.screenshot({ path: `${SCREENSHOTS}/${name}-${screen.colorScheme}-${screen.width}.png`, fullPage: true })
  const wide = await page.evaluate<boolean>('document.documentElement.scrollWidth > window.innerWidth')
  page.off('console', hear)
  // The protocol's evaluate is not bound by the page's policy
  await page.evaluate(axeSource)
  const { violations } = await page.evaluate<AxeResults>('axe.run({ resultTypes: ["violations"] })')
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
  return [...found, ...said, ...(wide ? ['wider than the screen'] : [])]
}

t.test('the checks find faults in a broken page', async (t) => {
  const context = await openContext(browser, SCREENS[0]!)
  const found = (await faults(await context.newPage(), 'broken', SCREENS[0]!)).join('\n')
  for (const fault of [/html-has-lang/, /image-alt/, /inline style/, /elsewhere\.invalid/]) t.match(found, fault)
  await context.close()
})

t.test('the Tab key moves through a page in reading order', async (t) => {
  const context = await openContext(browser, SCREENS[0]!)
  const page = await context.newPage()
  t.same(await tabOrder(page, 'en-login'), ['username', 'password', 'remember', 'Log in', 'Forgot your password?', 'Create an account'])
  t.same(await tabOrder(page, 'en-login-wrong'), ['password', 'remember', 'Log in', 'Forgot your password?', 'Create an account'])
  t.same((await tabOrder(page, 'en-register-wrong')).slice(0, 3), ['email', 'phone', 'password'])
  t.same(await tabOrder(page, 'en-consent'), ['Use another account', 'Allow', 'Deny'])
  t.same((await tabOrder(page, 'en-account')).slice(0, 8), [
    'Log out', 'Overview', 'Profile', 'Security', 'Your data', 'Log out Firefox on Linux, 203.0.113.7, now', 'Log out Safari on iPhone, Leipzig, Germany, 3 hours ago',
    'Log out Unknown device, 16 days ago'
  ])
  t.same((await tabOrder(page, 'en-account-token')).slice(0, 1), ['A token that is shown once'])
  await context.close()
})

/** The browser puts the focus there a moment after the page is loaded. */
async function open (page: Page, name: string): Promise<void> {
  await page.goto(`${server.url}/${name}`)
  if (pages[name as keyof typeof pages]?.includes(' autofocus')) await page.locator('[autofocus]:focus').waitFor()
}

/** From where the page puts the focus to its end. */
async function tabOrder (page: Page, name: string): Promise<string[]> {
  const focused = `(() => { const it = document.activeElement
    return it === document.body ? '' : it.readOnly ? 'A token that is shown once' : it.name && it.name !== 'decision' ? it.name : it.textContent })()`
  const outline = '(() => getComputedStyle(document.activeElement).outlineStyle)()'
  await open(page, name)
  const order: string[] = []
  for (let step = 0; step < 40; step++) {
    const here = await page.evaluate<string>(focused)
    if (here === '' && order.length > 0) break
    if (here !== '') {
      order.push(here)
      if (await page.evaluate<string>(outline) === 'none') order.push(`${here}: no visible focus`)
    }
    await page.keyboard.press('Tab')
  }
  return order
}

t.test('forms work without JavaScript, and send their values unchanged', async (t) => {
  const context = await openContext(browser, SCREENS[0]!, false)
  const page = await context.newPage()
  await open(page, 'en-login')
  await page.keyboard.type('ada@example.com')
  await page.keyboard.press('Tab')
  await page.keyboard.type('pass & word')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/login')
  await open(page, 'en-consent')
  await page.getByRole('button', { name: 'Deny' }).click()
  await page.waitForURL('**/authorize')
  await context.close()
  t.same(server.posts.map(({ path, body }) => [path, Object.fromEntries(new URLSearchParams(body))]), [
    ['/login', {
      _csrf: 'csrf-token', return_to: '/v1/oauth/authorize?client_id=a&state=b', username: 'ada@example.com',
      password: 'pass & word'
    }],
    ['/v1/oauth/authorize', { _csrf: 'csrf-token', client_id: 'lk_client_1', state: 'a&b', decision: 'deny' }]
  ])
})
