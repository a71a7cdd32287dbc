import type { Frame } from './layout.tsx'
import type { Parts } from './messages.ts'

/** The same as the HTML, for those who read text. */
export function mailText (parts: Parts, { footer, codeLabel, colon }: Pick<Frame, 'footer' | 'codeLabel' | 'colon'>): string {
  const { greeting, lead, links, code, facts, notes } = parts
  return [
    greeting,
    lead,
    ...(code === undefined ? [] : [`${codeLabel}${colon} ${code}`]),
    ...links.map(({ text, url }) => `${text}${colon}\n${url}`),
    ...(facts.length === 0 ? [] : [facts.map(({ name, value }) => `${name}${colon} ${value}`).join('\n')]),
    ...notes,
    // RFC 3676 section 4.3: what follows is a signature
    `-- \n${footer}`
  ].join('\n\n') + '\n'
}
