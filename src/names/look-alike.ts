/** What people put around a name without making it another: `The official Latchkey app`. */
const AROUND = `a account accounts admin an and app application apps at auth authentication authorization by client co com console corp corporation dashboard de desktop for from gmbh help id inc
  io limited llc login ltd mobile my net notification notifications oauth of official on online org password portal recovery secure security server service services sign signin sso support team
  the update verification verified verify web www you your`.split(/\s+/)
// Of no list of look-alikes: small capitals, and letters that were turned
const SMALL = Object.fromEntries([...'ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢĸǝəɘɐɹʇɥʎ'].map((letter, index) => [letter, 'abcdefghijklmnoprstuvwyzkeeearthy'[index]!]))
let around: Set<string> | undefined
const NO_LETTER = /[^\p{L}\p{N}]+/gu

/**
 * Whether a name would be taken for another (UTS 39): in other scripts or several, in full width, with accents, or with words around it that
 * say nothing. The list of look-alikes is loaded when first asked for.
 */
export async function looksLike (name: string, other: string): Promise<boolean> {
  const { default: unhomoglyph } = await import('unhomoglyph')
  const saysNothing = around ??= new Set(AROUND.flatMap((word) => skeletons([word], unhomoglyph)))
  const wanted = skeletons([other], unhomoglyph)
  const words = name.normalize('NFKD').split(/[^\p{L}\p{N}\p{M}]+/u).filter(Boolean)
  const own = words.filter((word) => !skeletons([word], unhomoglyph).some((skeleton) => saysNothing.has(skeleton)))
  return [words, [name], own].some((parts) => skeletons(parts, unhomoglyph).some((skeleton, index) => skeleton !== '' && skeleton === wanted[index]))
}

/** Upper case has look-alikes that lower case has not, and the other way round: one before and one after its case is folded. */
function skeletons (parts: string[], unhomoglyph: (text: string) => string): string[] {
  const plain = parts.join('').normalize('NFKD').replace(/[\p{M}\p{Default_Ignorable_Code_Point}]/gu, '')
  const bare = (text: string) => [...text.toLowerCase()].map((letter) => SMALL[letter] ?? letter).join('').normalize('NFKD').replace(/\p{M}/gu, '').replace(NO_LETTER, '')
  return [bare(unhomoglyph(plain)), bare(unhomoglyph(plain.toLowerCase()))]
}
