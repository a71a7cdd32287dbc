import { escapeHtml } from '@kitajs/html'

/**
 * What makes text read in another order or not at all: a name could pretend to be other words. Joiners belong to emoji and to some scripts.
 */
const DECEIVING = /[\p{Cc}\u00AD\u061C\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\uFEFF\u{E0000}-\u{E007F}]/gu
const MAX_LENGTH = 80

/** A name that somebody else chose, as it may be shown: on one line, not too long, in reading order. */
export function shown (name: string): string {
  const clean = name.replace(DECEIVING, ' ').replace(/\s+/gu, ' ').trim()
  const letters = [...clean]
  return letters.length > MAX_LENGTH ? `${letters.slice(0, MAX_LENGTH - 1).join('')}…` : clean
}

/** For attributes: the JSX runtime escapes quotes there, but `&quot;` in a value would still come out as a quote. */
export function attr (value: string): string {
  return escapeHtml(value)
}

/** The target of a link, when it is one on this server; else none. */
export function localHref (href: string | undefined): string | undefined {
  return href !== undefined && /^[/?#](?![/\\])[^\\\s]*$/.test(href) ? attr(href) : undefined
}
