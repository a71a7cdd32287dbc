import type { Parts } from './messages.ts'

/** The same as the HTML, for those who read text. */
export function mailText (parts: Parts, { footer, codeLabel }: { footer: string, codeLabel: string }): string {
  const { greeting, lead, links, code, facts, notes } = parts
  return [
    greeting,
    lead,
    ...(code === undefined ? [] : [`${codeLabel}: ${code}`]),
    ...links.map(({ text, url }) => `${text}:\n${url}`),
    ...(facts.length === 0 ? [] : [facts.map(({ name, value }) => `${name}: ${value}`).join('\n')]),
    ...notes,
    // RFC 3676 section 4.3: what follows is a signature
    `-- \n${footer}`
  ].join('\n\n') + '\n'
}
