import { existsSync } from 'node:fs'
import { chromium, type Browser, type BrowserContext } from 'playwright-core'

const PATH = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium'
const ARGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'
]

export async function launch (): Promise<Browser> {
  if (!existsSync(PATH)) {
    console.error(`No Chromium at ${PATH}: install one (apt-get install -y chromium) or set CHROMIUM_PATH`)
    process.exit(1)
  }
  return await chromium.launch({ executablePath: PATH, args: ARGS })
}

export type Screen = { colorScheme: 'light' | 'dark', width: number, height: number }

export const SCREENS: readonly Screen[] = (['light', 'dark'] as const).flatMap((colorScheme) => [
  { colorScheme, width: 375, height: 740 }, { colorScheme, width: 1280, height: 860 }
])

export async function openContext (
  browser: Browser,
  { colorScheme, width, height }: Screen,
  javaScriptEnabled = true
): Promise<BrowserContext> {
  return await browser.newContext({ colorScheme, viewport: { width, height }, reducedMotion: 'reduce', javaScriptEnabled })
}
