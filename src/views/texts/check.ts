import { ConfigError } from '../../config/config-error.ts'
import type { PartialTexts, Texts } from './index.ts'

/** Parts whose names the operator defines: login attributes and scopes. */
const FREE = new Set<string>(['attributes', 'scopes'] satisfies (keyof Texts)[])

/**
 * A text of the operator under an unknown name would never be shown.
 * @throws ConfigError
 */
export function checkWords (language: string, given: PartialTexts, base: Texts): void {
  for (const [part, words] of Object.entries(given)) {
    const where = `languages.${language}.${part}`
    if (!Object.hasOwn(base, part)) throw unknown(where, 'part', Object.keys(base))
    const known = base[part as keyof Texts] as Record<string, unknown>
    if (typeof words !== 'object' || words === null) throw new ConfigError([{ name: where, message: 'must be an object of texts' }])
    for (const [word, value] of Object.entries(words)) checkWord(`${where}.${word}`, value, FREE.has(part) ? { [word]: '' } : known, word)
  }
}

function checkWord (where: string, value: unknown, known: Record<string, unknown>, word: string): void {
  if (!Object.hasOwn(known, word)) throw unknown(where, 'word', Object.keys(known))
  const isMade = typeof known[word] === 'function'
  const fits = isMade ? typeof value === 'function' : typeof value === 'string'
  if (!fits) throw new ConfigError([{ name: where, message: isMade ? 'must be a function that returns the text' : 'must be a string' }])
}

function unknown (name: string, what: string, known: string[]): ConfigError {
  return new ConfigError([{ name, message: `is not a ${what} of the pages; there are ${known.join(', ')}` }])
}
