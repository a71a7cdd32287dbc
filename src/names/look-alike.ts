/** Words that do not make a name different: `The official Latchkey app`. */
const AROUND =
  `a account accounts admin administrator administrators an and android anmelden anmeldung app application apps at auth authentication authorization
  benachrichtigung bestätigung beta business by care center centre client cloud co com console corp corporation customer das dashboard de der desk
  desktop die einloggen enterprise for from für gmbh help helpdesk hilfe id ihr in inc io ios konten konto kundendienst kundenservice limited linux llc
  log login ltd macos mein meine mobile moderator my net notification notifications oauth of official offiziell offizielle offizieller offizielles on
  online operator org out password passwort plus portal premium pro recovery secure security server service services sicherheit sicherheitsdienst sign
  signin sso staff support team the und up update verification verified verify von web windows www you your`.split(/\s+/)
// Missing from lists of look-alikes: small capitals, and turned letters
const SMALL = Object.fromEntries(
  [...'ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢĸǝəɘɐɹʇɥʎ'].map((letter, index) => [letter, 'abcdefghijklmnoprstuvwyzkeeearthy'[index]!])
)
/** White letters on black circles and squares, which normalization does not change. */
const REVERSED = /[\u{1F150}-\u{1F169}\u{1F170}-\u{1F189}]/gu
/** The result of normalizing ™ and ℠ after a name. */
const MARKS_OF_TRADE = /(?<=\p{L})(?:TM|SM)$/u
let around: Set<string> | undefined
const NO_LETTER = /[^\p{L}\p{N}]+/gu

/**
 * Whether a name could be confused with another (UTS 39): in other or mixed scripts, in full width, with accents, or with additional words
 * that mean nothing. The list of look-alikes is loaded on first use.
 */
export async function looksLike (name: string, other: string): Promise<boolean> {
  const { default: unhomoglyph } = await import('unhomoglyph')
  const saysNothing = around ??= new Set(AROUND.flatMap((word) => skeletons([word], unhomoglyph)))
  const wanted = skeletons([other], unhomoglyph)
  const words = name.replace(REVERSED, plainLetter).normalize('NFKD').split(/[^\p{L}\p{N}\p{M}]+/u).filter(Boolean)
  const own = words
    .map((word) => word.replace(MARKS_OF_TRADE, ''))
    .filter((word) => !/^\p{N}+$/u.test(word) && !skeletons([word], unhomoglyph).some((skeleton) => saysNothing.has(skeleton)))
  const once = [...new Map(own.map((word) => [word.toLowerCase(), word])).values()]
  return [words, [name], own, once].some((parts) =>
    skeletons(parts, unhomoglyph).some((skeleton, index) => skeleton !== '' && skeleton === wanted[index])
  )
}

function plainLetter (letter: string): string {
  return String.fromCodePoint(97 + (letter.codePointAt(0)! - 0x1F150) % 32)
}

/** Upper and lower case have different look-alikes, so one skeleton is taken before case folding and one after it. */
function skeletons (parts: string[], unhomoglyph: (text: string) => string): string[] {
  const plain = parts.join('').normalize('NFKD').replace(/[\p{M}\p{Default_Ignorable_Code_Point}]/gu, '')
  const bare = (text: string) =>
    [...text.toLowerCase()]
      .map((letter) => SMALL[letter] ?? letter)
      .join('')
      .normalize('NFKD')
      .replace(/\p{M}/gu, '')
      .replace(NO_LETTER, '')
  return [bare(unhomoglyph(plain)), bare(unhomoglyph(plain.toLowerCase()))]
}
