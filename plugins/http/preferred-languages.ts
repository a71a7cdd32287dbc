import type { FastifyRequest } from 'fastify'
import type { MailServices } from '../../src/compose/outbox.ts'
import type { LanguagePreferences } from '../../src/views/texts/index.ts'

const MAX_LOCALES = 200

/** `ui_locales` of the request, of the submitted form, or of the address in `return_to`. */
export function localesOf ({ query, body }: Pick<FastifyRequest, 'query' | 'body'>): string | undefined {
  for (const params of [query, body]) {
    const { ui_locales: locales, return_to: returnTo } = (params ?? {}) as { ui_locales?: unknown, return_to?: unknown }
    if (typeof locales === 'string' && locales !== '') return locales.slice(0, MAX_LOCALES)
    const ofReturnTo = typeof returnTo === 'string' ? new URLSearchParams(returnTo.split('?')[1]).get('ui_locales') : null
    if (ofReturnTo) return ofReturnTo.slice(0, MAX_LOCALES)
  }
  return undefined
}

/** The languages that a request asks for. */
export function preferredLanguages (request: Pick<FastifyRequest, 'query' | 'body' | 'headers'>): LanguagePreferences {
  return { uiLocales: localesOf(request), acceptLanguage: request.headers['accept-language'] }
}

/** The language of somebody who registers by a request; undefined where it asks for none. */
export function askedLocale (preferences: LanguagePreferences, { localeFor }: Pick<MailServices, 'localeFor'>): string | undefined {
  return preferences.uiLocales || preferences.acceptLanguage ? localeFor(preferences) : undefined
}
