import { checkWords } from '../../views/texts/check.ts'
import { languageOf, mergeTexts } from '../../views/texts/index.ts'
import type { mailLanguages } from '../queue.ts'
import { de } from './de.ts'
import { en, type MailTexts } from './en.ts'
import { fr } from './fr.ts'

export type { MailTexts } from './en.ts'

const languages: Record<typeof mailLanguages[number], MailTexts> = { en, de, fr }

/** Some of the texts. */
export type PartialMailTexts = { [Part in keyof MailTexts]?: Partial<MailTexts[Part]> }

/**
 * Adds the words of the operator; missing texts keep their built-in or English value.
 * @returns the texts of a locale
 * @throws ConfigError
 */
export function mailTextsWith (more: Readonly<Record<string, { mail?: PartialMailTexts }>>): (locale: string) => MailTexts {
  const known: Record<string, MailTexts> = { ...languages }
  for (const [language, { mail = {} }] of Object.entries(more)) {
    checkWords(`${language}.mail`, mail, { base: en, free: ['attributes', 'factors'], of: 'mails' })
    known[language] = mergeTexts(known[language] ?? en, mail)
  }
  return (locale) => known[languageOf(locale)] ?? en
}
