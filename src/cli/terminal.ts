// Control characters, including C1, move the cursor, change colors and begin lines; format characters change the reading order. Joiners are
// harmless
const UNPRINTABLE = /(?![\u200C\u200D])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu
const UNPRINTABLE_UNIT = /[\u007F-\u009F]|(?![\u200C\u200D])[\p{Cf}\p{Zl}\p{Zp}]/gu

/** Makes a line safe for a terminal, whoever wrote its contents: it stays one line, in reading order. */
export function printable (line: string): string {
  return line.replace(UNPRINTABLE, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`)
}

/** The same for JSON, without changing its value. */
export function printableJson (json: object): string {
  const escaped = (character: string) =>
    character.split('').map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')
  return JSON.stringify(json, null, 2).replace(UNPRINTABLE_UNIT, escaped)
}
