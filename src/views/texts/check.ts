import { ConfigError } from '../../config/config-error.ts'

type Known = {
  base: Readonly<Record<string, object>>
  /** Parts whose names the operator defines, such as scopes. */
  free: readonly string[]
  /** Where the texts are shown. */
  of: 'pages' | 'mails'
}

/**
 * A text of the operator under an unknown name would never be shown.
 * @throws ConfigError
 */
export function checkWords (language: string, given: object, { base, free, of }: Known): void {
  for (const [part, words] of Object.entries(given) as [string, unknown][]) {
    const where = `languages.${language}.${part}`
    if (!Object.hasOwn(base, part)) throw unknown(where, `part of the ${of}`, Object.keys(base))
    const known = base[part] as Record<string, unknown>
    if (typeof words !== 'object' || words === null) throw new ConfigError([{ name: where, message: 'must be an object of texts' }])
    for (const [word, value] of Object.entries(words)) {
      if (!free.includes(part) && !Object.hasOwn(known, word)) throw unknown(`${where}.${word}`, `word of the ${of}`, Object.keys(known))
      checkWord(`${where}.${word}`, value, typeof known[word] === 'function')
    }
  }
}

function checkWord (where: string, value: unknown, isMade: boolean): void {
  const fits = isMade ? typeof value === 'function' : typeof value === 'string'
  if (!fits) throw new ConfigError([{ name: where, message: isMade ? 'must be a function that returns the text' : 'must be a string' }])
}

function unknown (name: string, what: string, known: string[]): ConfigError {
  return new ConfigError([{ name, message: `is not a ${what}; there are ${known.join(', ')}` }])
}
