import type { Html } from './page.ts'
import { localHref, shown } from './untrusted.ts'

/** A link to this server; plain text for any other target. */
export function Link ({ href, text }: { href: string | undefined, text: string }): Html {
  const target = localHref(href)
  return target === undefined ? <span safe>{text}</span> : <a href={target} safe>{text}</a>
}

/** The title of a page about an account, and whose it is. */
export function AccountTitle ({ title, name }: { title: string, name: string }): Html {
  return (
    <div>
      <h1 safe>{title}</h1>
      <p class='lead'><Name name={name} /></p>
    </div>
  )
}

/** Other ways to log in, under a line. */
export function Providers ({ items, or }: { items: readonly LinkItem[] | undefined, or: string }): Html {
  if (items === undefined || items.length === 0) return ''
  return (
    <section class='providers'>
      <p class='or' safe>{or}</p>
      <ul class='buttons'>
        {items.map((item) => <li><ButtonLink {...item} /></li>)}
      </ul>
    </section>
  )
}

/** A link that looks like a button. */
export function ButtonLink ({ href, text }: LinkItem): Html {
  return <a class='button' href={localHref(href) ?? ''}><Name name={text} /></a>
}

export type LinkItem = { href: string, text: string }

export function Links ({ links }: { links: readonly (LinkItem | undefined)[] }): Html {
  const present = links.filter((link) => link !== undefined)
  if (present.length === 0) return ''
  return <ul class='links'>{present.map(({ href, text }) => <li><Link href={href} text={text} /></li>)}</ul>
}

/** A name chosen by somebody else, isolated so that it cannot reorder the surrounding text. */
export function Name ({ name }: { name: string }): Html {
  return <bdi safe>{shown(name)}</bdi>
}

/** A word like e-mail. */
const WITH_ONE_LETTER = /(?<!\S)(\p{L}-\p{L}+)(?!\S)/u

/** The heading of a page, whose lines do not end in "e-". */
export function Heading ({ text }: { text: string }): Html {
  const parts = text.split(WITH_ONE_LETTER)
  if (parts.length === 1) return <h1 safe>{text}</h1>
  return <h1>{parts.map((part, index) => <span class={index % 2 === 1 ? 'whole' : undefined} safe>{part}</span>)}</h1>
}
