import Bowser from 'bowser'

/** The words of a language: `Firefox on Linux`. */
type BrowserOn = (browser: string, system: string) => string

/** The name of a `User-Agent` on the pages: browser and system, or the header itself when it is no browser; null when there is none. */
export function agentName (userAgent: string | null, browserOn: BrowserOn): string | null {
  if (!userAgent) return null
  const { browser, os, platform } = Bowser.parse(userAgent)
  const where = platform.model ?? os.name
  if (!browser.name) return userAgent
  return where === undefined || where === browser.name ? browser.name : browserOn(browser.name, where)
}
