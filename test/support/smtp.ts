import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import type { Test } from 'tap'

export type Received = { from: string, to: string, raw: string, headers: Record<string, string>, text: string }

export type SmtpServer = {
  url: string
  port: number
  /** Accepted, in their order. */
  mails: Received[]
  connections: () => number
  stop: () => Promise<void>
}

type Behavior = {
  options?: SMTPServerOptions
  /** Called before a mail is accepted; an error refuses it. */
  onMail?: (mail: Received) => Promise<void> | void
  port?: number
}

/** An error with an SMTP reply. */
export const reply = (responseCode: number, message: string) => Object.assign(new Error(message), { responseCode })

/** A real mail server on this machine. */
export async function startSmtp (t: Test, { options = {}, onMail = () => {}, port = 0 }: Behavior = {}): Promise<SmtpServer> {
  const mails: Received[] = []
  let connections = 0
  const server = new SMTPServer({
    authOptional: true, disabledCommands: ['STARTTLS'], disableReverseLookup: true,
    onConnect (_session, callback) {
      connections++
      callback()
    },
    onData (stream, session, callback) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const mail = parse(Buffer.concat(chunks).toString(), session.envelope)
        Promise.resolve(mail).then(onMail).then(() => {
          mails.push(mail)
          callback()
        }, callback)
      })
    },
    ...options
  })
  server.on('error', () => {})
  server.listen(port, '127.0.0.1')
  await once(server.server, 'listening')
  const bound = (server.server.address() as AddressInfo).port
  const stop = async () => await new Promise<void>((resolve) => { server.close(() => resolve()) })
  t.teardown(stop)
  return { url: `smtp://127.0.0.1:${bound}`, port: bound, mails, connections: () => connections, stop }
}

type Envelope = { mailFrom: { address: string } | false, rcptTo: { address: string }[] }

function parse (raw: string, { mailFrom, rcptTo }: Envelope): Received {
  const [head = ''] = raw.split('\r\n\r\n')
  const lines = head.replace(/\r\n[ \t]+/g, ' ').split('\r\n')
  const headers = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]))
  // Quoted-printable, as far as links need it
  const text = raw.replace(/=\r\n/g, '').replaceAll('=3D', '=')
  return { from: mailFrom ? mailFrom.address : '', to: rcptTo.map(({ address }) => address).join(', '), raw, headers, text }
}
