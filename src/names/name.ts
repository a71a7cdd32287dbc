import type { FieldError } from '../http/field-errors.ts'

/** For users; names of clients and tokens may be a sentence. */
export const MAX_USER_NAME = 100
export const MAX_NAME = 255

export type Name = { name: string, problem?: never } | { name?: never, problem: FieldError }

// Limits the text before NFKC, since ordering combining marks takes time quadratic in their number
const MAX_UNITS_EACH = 4

/** Emoji: with skin tones, joined to families, as keycaps, and flags of countries and regions. */
const EMOJI = new RegExp([
  '\\p{Extended_Pictographic}[\\p{EMod}\\uFE0E\\uFE0F]?(?:\\u200D\\p{Extended_Pictographic}[\\p{EMod}\\uFE0F]?)*',
  '\\u{1F3F4}[\\u{E0030}-\\u{E0039}\\u{E0061}-\\u{E007A}]{1,6}\\u{E007F}',
  '[#*0-9]\\uFE0F\\u20E3'
].reverse().join('|'), 'gu')

// RFC 5892 appendix A: scripts in which a joiner between two letters changes the word
const JOINING = [
  'Arabic', 'Syriac', 'Mandaic', 'Nko', 'Mongolian', 'Phags_Pa', 'Adlam', 'Hanifi_Rohingya', 'Devanagari', 'Bengali',
  'Gurmukhi', 'Gujarati', 'Oriya', 'Tamil', 'Telugu', 'Kannada', 'Malayalam', 'Sinhala', 'Myanmar', 'Khmer', 'Balinese',
  'Javanese', 'Tibetan'
]
const LETTER = `[${JOINING.map((script) => `\\p{Script_Extensions=${script}}`).join('')}]`
// A virama and a joiner at the end form a half letter, for example in Malayalam
const VIRAMA = '[\\u094D\\u09CD\\u0A4D\\u0ACD\\u0B4D\\u0BCD\\u0C4D\\u0CCD\\u0D4D\\u0DCA\\u1039]'
const JOINER = new RegExp(`(?<=(?=\\p{L}|\\p{M})${LETTER})[\\u200C\\u200D](?=(?=\\p{L})${LETTER})|(?<=${VIRAMA})\\u200D`, 'gu')
/** Letter variants that only a variation selector distinguishes. */
const VARIANT = /(?<=\p{Script=Han})[\uFE00-\uFE02\u{E0100}-\u{E01EF}]|(?<=\p{Script=Mongolian})[\u180B-\u180F]/gu
/** A selector without an effect, because it follows something other than an emoji: NFKC turns ™️ into letters. */
const SELECTOR = /(?<![\p{Extended_Pictographic}\p{EMod}#*0-9])[\uFE0E\uFE0F]/gu

// Controls, format characters, lone surrogates, private-use characters, line breaks, and all that is invisible
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}\p{Default_Ignorable_Code_Point}]/u
// Stacked combining marks overlap adjacent lines
const TOWER = /\p{M}{9}/u
// The blank Braille pattern is classified as a symbol
const VISIBLE = /(?!\u2800)[\p{L}\p{N}\p{P}\p{S}]/u

/**
 * The single rule for names of users, clients, personal access tokens and devices, wherever they come from. NFKC, on one line, with a
 * visible character, and without characters that move a cursor, begin a line or change how the rest is read; joiners stay in emoji and
 * where a script needs them.
 */
export function readName (text: string, max: number = MAX_NAME): Name {
  const long = { problem: { code: 'too_long', max, unit: 'characters' } } as const
  if (text.length > max * MAX_UNITS_EACH) return long
  const trimmed = text.normalize('NFKC').trim().replace(SELECTOR, '')
  if (trimmed === '') return { problem: 'required' }
  if ([...trimmed].length > max) return long
  const rest = trimmed.replace(EMOJI, 'x').replace(JOINER, '').replace(VARIANT, '')
  if (UNSEEN.test(rest) || TOWER.test(rest)) return { problem: 'unseen_characters' }
  if (!VISIBLE.test(rest)) return { problem: 'nothing_visible' }
  return { name: trimmed.replace(/\s+/gu, ' ') }
}
