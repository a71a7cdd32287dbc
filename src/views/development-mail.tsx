import { createHash } from 'node:crypto'
import type { Html } from './page.ts'
import { attr } from './untrusted.ts'

/** A message that was not sent, for lack of a transport. */
export type KeptMessage = {
  id: string
  kind: string
  to: string
  /** Of a mail. */
  subject: string | null
  text: string
  html: string | undefined
  at: Date
}

type Model = {
  /** Path of the list. */
  path: string
  brand: string
}

const safeStyle = `:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { max-width: 50rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; } a { color: LinkText; } ul { list-style: none; padding: 0; }
li { border-top: 1px solid GrayText; padding: 0.5rem 0; } .quiet { opacity: 0.8; font-size: 0.9rem; }
pre { white-space: pre-wrap; border: 1px solid GrayText; border-radius: 0.5rem; padding: 1rem; font: inherit; }
iframe { inline-size: 100%; block-size: 40rem; border: 1px solid GrayText; border-radius: 0.5rem; background: Canvas; }`

/** Source of the style, for the policy of the pages. */
export const STYLE_HASH = `sha256-${createHash('sha256').update(safeStyle).digest('base64')}`

export function developmentMailList ({ messages, path, brand }: Model & { messages: readonly KeptMessage[] }): string {
  return page(`Mails of ${brand}`, (
    <>
      <h1 safe>{`Mails of ${brand}`}</h1>
      <p class='quiet'>They are shown here because SMTP_URL is not set. Only this machine sees this page.</p>
      {messages.length === 0 && <p>None yet.</p>}
      <ul>
        {messages.map((message) => (
          <li>
            <a href={attr(`${path}/${message.id}`)} safe>{message.subject ?? message.text}</a>
            <div class='quiet' safe>{about(message)}</div>
          </li>
        ))}
      </ul>
    </>
  ))
}

export function developmentMailPage ({ message, path, sandbox }: Model & { message: KeptMessage, sandbox: string }): string {
  const title = message.subject ?? `To ${message.to}`
  return page(title, (
    <>
      <p><a href={attr(path)}>All mails</a></p>
      <h1 safe>{title}</h1>
      <p class='quiet' safe>{about(message)}</p>
      <pre>{message.text.split(/(https?:\/\/\S+)/).map((part, index) => index % 2 === 1 ? <Target url={part} /> : <span safe>{part}</span>)}</pre>
      {message.html !== undefined && <iframe title='HTML' sandbox={attr(sandbox)} src={attr(`${path}/${message.id}/html`)} />}
    </>
  ))
}

function Target ({ url }: { url: string }): Html {
  return <a href={attr(url)} rel='noreferrer' safe>{url}</a>
}

function about ({ kind, to, at }: KeptMessage): string {
  return `${kind === 'sms' ? 'Text message' : 'Mail'} to ${to}, ${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

function page (title: string, children: Html.Children): string {
  const html = (
    <html lang='en'>
      <head>
        <meta charset='utf-8' />
        <title safe>{title}</title>
        <meta name='viewport' content='width=device-width, initial-scale=1' />
        <meta name='robots' content='noindex' />
        <style>{safeStyle}</style>
      </head>
      <body>{children}</body>
    </html>
  )
  return `<!DOCTYPE html>${String(html)}`
}
