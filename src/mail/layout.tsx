import { parseHex, readableOn, textOn, toHex, type Rgb } from '../views/color.ts'
import { direction } from '../views/format.ts'
import type { Html } from '../views/page.ts'
import { attr } from '../views/untrusted.ts'
import type { Parts } from './messages.ts'

export type Frame = {
  locale: string
  brand: string
  /** Of the operator, as #rrggbb. */
  color: string
  footer: string
  codeLabel: string
  colon: string
  linkLabel: string
}

const [CARD, DARK]: Rgb[] = ['#ffffff', '#1b1f27'].map(parseHex)
const FONT = 'font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif'

/** Mail clients drop stylesheets or parts of them: what is needed to read stands inline, and colors for the dark in a style element. */
const styleOf = (color: Rgb) => `:root { color-scheme: light dark; supported-color-schemes: light dark; }
@media (prefers-color-scheme: dark) {
  body, .page { background: #12151a !important; } .card { background: #1b1f27 !important; border-color: #323946 !important; }
  .ink { color: #e8ebf0 !important; } .quiet { color: #a9b1bf !important; } .link { color: ${toHex(readableOn(color, [DARK!]))} !important; }
}`

/** One column of text, without images, which many clients do not load. */
export function mailHtml ({ subject, greeting, lead, links, code, facts, notes }: Parts, frame: Frame): string {
  const color = parseHex(frame.color)
  const linkColor = toHex(readableOn(color, [CARD!]))
  const [first, ...others] = links
  // Made of colors that were parsed
  const safeStyle = styleOf(color)
  const html = (
    <html lang={attr(frame.locale)} dir={direction(frame.locale)}>
      <head>
        <meta charset='utf-8' />
        <meta name='viewport' content='width=device-width, initial-scale=1' />
        <meta name='color-scheme' content='light dark' />
        <meta name='supported-color-schemes' content='light dark' />
        <title safe>{subject}</title>
        <style>{safeStyle}</style>
      </head>
      <body class='page' style='margin: 0; padding: 0; background: #f5f6f8'>
        <table role='presentation' width='100%' cellpadding='0' cellspacing='0' class='page' style='background: #f5f6f8'>
          <tr>
            <td align='center' style='padding: 24px 12px'>
              <table role='presentation' width='100%' cellpadding='0' cellspacing='0' class='card' style='max-width: 480px; background: #ffffff; border: 1px solid #dde1e8; border-radius: 12px'>
                <tr>
                  <td class='ink' style={`padding: 28px; color: #1a1e27; font-size: 16px; line-height: 1.5; text-align: start; ${FONT}`}>
                    <p style='margin: 0 0 20px; font-weight: 600' safe>{frame.brand}</p>
                    <P text={greeting} />
                    <P text={lead} />
                    {code !== undefined && <Code label={frame.codeLabel} code={code} />}
                    {first !== undefined && <Button link={first} color={color} />}
                    {others.map(({ text, url }) => <p style='margin: 0 0 16px'><a class='link' href={attr(url)} style={`color: ${linkColor}`} safe>{text}</a></p>)}
                    {facts.length > 0 && <Facts facts={facts} colon={frame.colon} />}
                    {notes.map((text) => <P text={text} />)}
                    {first !== undefined && <Address label={frame.linkLabel} url={first.url} color={linkColor} />}
                  </td>
                </tr>
              </table>
              <p class='quiet' style={`max-width: 480px; margin: 16px 0 0; color: #545c6b; font-size: 13px; line-height: 1.5; ${FONT}`} safe>{frame.footer}</p>
            </td>
          </tr>
        </table>
      </body>
    </html>
  )
  return `<!DOCTYPE html>${String(html)}`
}

function P ({ text }: { text: string }): Html {
  return <p style='margin: 0 0 16px' safe>{text}</p>
}

function Button ({ link: { text, url }, color }: { link: Parts['links'][number], color: Rgb }): Html {
  const style = `display: inline-block; padding: 12px 20px; border-radius: 8px; background: ${toHex(color)}; color: ${toHex(textOn(color))}; font-weight: 600; text-decoration: none`
  return <p style='margin: 0 0 20px'><a href={attr(url)} style={style} safe>{text}</a></p>
}

function Code ({ label, code }: { label: string, code: string }): Html {
  return (
    <p style='margin: 0 0 20px'>
      <span class='quiet' style='color: #545c6b' safe>{label}</span><br />
      <strong style='font-family: ui-monospace, Menlo, Consolas, monospace; font-size: 28px; letter-spacing: 4px' safe>{code}</strong>
    </p>
  )
}

function Facts ({ facts, colon }: { facts: Parts['facts'], colon: string }): Html {
  return (
    <p style='margin: 0 0 16px'>
      {facts.map(({ name, value }) => <><span class='quiet' style='color: #545c6b' safe>{`${name}${colon} `}</span><bdi safe>{value}</bdi><br /></>)}
    </p>
  )
}

function Address ({ label, url, color }: { label: string, url: string, color: string }): Html {
  return (
    <p class='quiet' style='margin: 0; color: #545c6b; font-size: 13px'>
      <span safe>{label}</span><br /><a class='link' href={attr(url)} style={`color: ${color}; word-break: break-all`} safe>{url}</a>
    </p>
  )
}
