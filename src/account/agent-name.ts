import Bowser from 'bowser'

/** Phrases `Firefox on Linux` in the language of the page. */
type BrowserOn = (browser: string, system: string) => string

/** The name of a `User-Agent` on the pages: browser and system, or the header itself for an unknown program; null when there is none. */
export function agentName (userAgent: string | null, browserOn: BrowserOn): string | null {
  if (!userAgent) return null
  const { browser, os, platform } = Bowser.parse(userAgent)
  const where = platform.model ?? os.name
  if (!browser.name) return userAgent
  return where === undefined || where === browser.name ? browser.name : browserOn(browser.name, where)
}
