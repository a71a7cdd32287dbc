// Controls move the cursor, color and begin lines, C1 included; formats change the order of what is read. Joiners only join
const UNPRINTABLE = /(?![\u200C\u200D])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu
const UNPRINTABLE_UNIT = /[\u007F-\u009F]|(?![\u200C\u200D])[\p{Cf}\p{Zl}\p{Zp}]/gu

/** A line as a terminal may get it, whoever wrote what is in it: it stays one line, and is read as it stands. */
export function printable (line: string): string {
  return line.replace(UNPRINTABLE, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`)
}

/** The same for JSON, which stays the same JSON. */
export function printableJson (json: object): string {
  const escaped = (character: string) =>
    character.split('').map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')
  return JSON.stringify(json, null, 2).replace(UNPRINTABLE_UNIT, escaped)
}
