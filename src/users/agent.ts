import Bowser from 'bowser'

/** How a program that says `User-Agent` is called on the pages: `Firefox on Linux`; as it calls itself when it is no browser; null when it says nothing. */
export function agentName (userAgent: string | null): string | null {
  if (!userAgent) return null
  const { browser, os, platform } = Bowser.parse(userAgent)
  const where = platform.model ?? os.name
  if (!browser.name) return userAgent
  return where === undefined || where === browser.name ? browser.name : `${browser.name} on ${where}`
}
