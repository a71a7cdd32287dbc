import type { PartialMailTexts } from '../../mail/texts/index.ts'
import { checkWords } from './check.ts'
import { de } from './de.ts'
import { en, type Texts } from './en.ts'
import { fr } from './fr.ts'

export type { Texts } from './en.ts'

/** Texts, and the locale for dates and lists: `en-GB` uses the texts of `en`. */
export type Language<Words = Texts> = { texts: Words, locale: string }

/** The languages a visitor requests: `ui_locales` of OpenID Connect, then the browser's header. */
export type LanguagePreferences = { uiLocales?: string | undefined, acceptLanguage?: string | undefined }

/** Some of the texts, and of those of mails. */
export type PartialTexts = { [Part in keyof Texts]?: Partial<Texts[Part]> } & { mail?: PartialMailTexts }

/** By language; the first is for visitors who request none of them. */
export const languages: Record<string, Texts> = { en, de, fr }

/**
 * Adds the languages of the operator; missing texts keep their built-in or English value.
 * @throws ConfigError
 */
export function withLanguages (more: Readonly<Record<string, PartialTexts>>): Record<string, Texts> {
  const made = Object.entries(more).map(([language, { mail, ...texts }]) => {
    checkWords(language, texts, { base: en, free: ['attributes', 'scopes', 'history'], of: 'pages' })
    return [language, mergeTexts(languages[language] ?? en, texts)] as const
  })
  return { ...languages, ...Object.fromEntries(made) }
}

/** Replaces some of the words in each part. */
export function mergeTexts<All extends Record<string, object>> (base: All, some: { [Part in keyof All]?: Partial<All[Part]> }): All {
  const parts = Object.entries(base).map(([name, part]) => [name, { ...part, ...some[name] }])
  return Object.fromEntries(parts) as All
}

const FALLBACK = 'en'
/** A longer list is not a person's choice. */
const MAX_LENGTH = 500

/** @param fallback the language for visitors who request no known one */
export function pickLanguage (preferences: LanguagePreferences): Language
export function pickLanguage<Words> (
  preferences: LanguagePreferences,
  known: Readonly<Record<string, Words>>,
  fallback?: string
): Language<Words>
export function pickLanguage (
  { uiLocales, acceptLanguage }: LanguagePreferences,
  known: Readonly<Record<string, unknown>> = languages,
  fallback = FALLBACK
): Language<unknown> {
  for (const tag of [...tagsOf(uiLocales), ...rankedTags(acceptLanguage)]) {
    const texts = Object.hasOwn(known, tag.language) ? known[tag.language] : undefined
    if (texts) return { texts, locale: tag.region ? `${tag.language}-${tag.region}` : tag.language }
  }
  return { texts: known[fallback] ?? known[FALLBACK], locale: fallback }
}

/** `de` of `de-AT`. */
export function languageOf (locale: string): string {
  return new Intl.Locale(locale).language
}

/** OpenID Connect Core section 3.1.2.1: separated by spaces, in order of preference. */
function tagsOf (uiLocales = ''): Intl.Locale[] {
  return uiLocales.slice(0, MAX_LENGTH).split(' ').flatMap(parseTag)
}

/** RFC 9110 section 12.5.4. */
function rankedTags (header = ''): Intl.Locale[] {
  const request = header.slice(0, MAX_LENGTH).split(',').map((item) => {
    const [tag = '', ...parameters] = item.split(';').map((part) => part.trim())
    const weight = parameters.find((parameter) => parameter.startsWith('q='))
    return { tag, weight: weight ? Number(weight.slice(2)) || 0 : 1 }
  })
  return request.filter(({ weight }) => weight > 0).sort((a, b) => b.weight - a.weight).flatMap(({ tag }) => parseTag(tag))
}

function parseTag (tag: string): Intl.Locale[] {
  try {
    return [new Intl.Locale(tag)]
  } catch {
    return []
  }
}
