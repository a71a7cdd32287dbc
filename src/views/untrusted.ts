import { escapeHtml } from '@kitajs/html'

/**
 * Characters that reorder or hide text, with which a name could pretend to be something else. Joiners are allowed, as emoji and some
 * scripts need them.
 */
const DECEIVING = /[\p{Cc}\u00AD\u061C\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\uFEFF\u{E0000}-\u{E007F}]/gu
const MAX_LENGTH = 80

/** A name chosen by somebody else, made safe to show: on one line, limited in length, in reading order. */
export function shown (name: string): string {
  const clean = name.replace(DECEIVING, ' ').replace(/\s+/gu, ' ').trim()
  const letters = [...clean]
  return letters.length > MAX_LENGTH ? `${letters.slice(0, MAX_LENGTH - 1).join('')}…` : clean
}

/** For attributes: the JSX runtime escapes quotes there, but `&quot;` in a value would still come out as a quote. */
export function attr (value: string): string {
  return escapeHtml(value)
}

/** The target of a link if it is on this server; otherwise undefined. */
export function localHref (href: string | undefined): string | undefined {
  return href !== undefined && /^[/?#](?![/\\])[^\\\s]*$/.test(href) ? attr(href) : undefined
}
