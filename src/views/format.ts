const RTL = new Set(['ar', 'ckb', 'dv', 'fa', 'he', 'ps', 'sd', 'ug', 'ur', 'yi'])
const UNITS: readonly (readonly [unit: Intl.RelativeTimeFormatUnit, seconds: number])[] = [
  ['year', 31_557_600], ['month', 2_629_800], ['day', 86_400], ['hour', 3600], ['minute', 60]
]

export function direction (locale: string): 'ltr' | 'rtl' {
  return RTL.has(new Intl.Locale(locale).language) ? 'rtl' : 'ltr'
}

/** `24 Nov 2026`, in UTC, since the visitor's time zone is unknown. */
export function formatDate (date: Date, locale: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' }).format(date)
}

/** `24 Nov 2026, 13:05 UTC`. */
export function formatMoment (date: Date, locale: string): string {
  return `${new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' }).format(date)} UTC`
}

/** `3 hours ago`, which is correct in every time zone. */
export function formatAgo (date: Date, now: Date, locale: string): string {
  const seconds = Math.min(0, (date.getTime() - now.getTime()) / 1000)
  const format = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' })
  for (const [unit, size] of UNITS) {
    if (seconds <= -size) return format.format(Math.ceil(seconds / size), unit)
  }
  return format.format(0, 'second')
}

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** `45 seconds`, `56 minutes`, `72 hours`, `7 days`: rounded up. */
export function formatWait (seconds: number, locale: string): string {
  const [size, unit] = seconds < 2 * MINUTE ? [1, 'second'] : seconds < 2 * HOUR ? [MINUTE, 'minute'] : seconds <= 3 * DAY ? [HOUR, 'hour'] : [DAY, 'day']
  return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' }).format(Math.ceil(seconds / size))
}

/** `a letter and a number`. */
export function formatList (words: readonly string[], locale: string): string {
  return new Intl.ListFormat(locale, { type: 'conjunction' }).format(words)
}

/** `E-mail, phone or user name`. */
export function formatChoice (words: readonly string[], locale: string): string {
  return capitalise(new Intl.ListFormat(locale, { type: 'disjunction' }).format(words), locale)
}

export function capitalise (text: string, locale: string): string {
  const [first = ''] = text
  return first.toLocaleUpperCase(locale) + text.slice(first.length)
}

/** Makes the names in a list distinct, by numbering repeated ones. */
export function distinct (names: readonly string[]): string[] {
  const seen = new Map<string, number>()
  return names.map((name) => {
    const count = (seen.get(name) ?? 0) + 1
    seen.set(name, count)
    return count === 1 ? name : `${name} (${count})`
  })
}
