const MAX_LENGTH = 200

/** Servers quote what they refuse: addresses, links and codes neither enter the database nor a log. */
const MASKS: [RegExp, string][] = [
  [/\b[a-z][a-z0-9+.-]*:\/\/\S+/gi, '<link>'],
  [/[^\s<>"'(),:;]+@[^\s<>"'(),:;]+/g, '<address>'],
  [/lk_[a-z]+_[\w-]+/g, '<token>'],
  [/\+?\d[\d ]{4,}\d/g, '<digits>'],
  // Such as the credentials of a login that the server repeats
  [/[\w+/-]{24,}={0,2}/g, '<text>']
]

/** Why a message was not sent, in one short line without anything personal or secret. */
export function shownError (error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const line = message.replace(/[\s\p{Cc}]+/gu, ' ').slice(0, 4 * MAX_LENGTH)
  return MASKS.reduce((text, [pattern, word]) => text.replace(pattern, word), line).trim().slice(0, MAX_LENGTH)
}
