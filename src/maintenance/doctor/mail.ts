import { isIP } from 'node:net'
import type { Config } from '../../config/config.ts'
import { fail, listed, ok, warn, type Check } from './check.ts'

export type MailChecks = {
  /** Connects and logs in, without sending. */
  verify: () => Promise<void>
  /** TXT records of a name; null when there are none. Throws when it could not be looked up. */
  lookUp: (name: string) => Promise<string[] | null>
  /** Without a server, `/dev/mail` shows the mails. */
  isShown: boolean
}

/** What is in the outbox. */
export type OutboxFacts = { queued: number, oldest: number, dead: { id: string, error: string | null }[] }

const HOUR = 3600
const MAIL = 'mail'
const SPF = /^v=spf1( |$)/i
const DMARC = /^v=DMARC1( *;|$)/i

/** Whether the server takes mails, and whether those who receive them can tell that the sender is real. */
export async function checkMail ({ mail }: Pick<Config, 'mail'>, { verify, lookUp, isShown }: MailChecks): Promise<Check[]> {
  if (mail.send) return [ok(MAIL, 'sent by your own function')]
  if (mail.url === undefined) return [ok(MAIL, isShown ? 'shown by the server at /dev/mail, on this machine only: SMTP_URL is not set' : 'off: SMTP_URL is not set')]
  const server = await verify().then(
    () => ok(MAIL, 'the server of SMTP_URL accepts the connection and the login'),
    (error: Error) => fail(MAIL, `the server of SMTP_URL cannot be used: ${error.message}`, 'correct SMTP_URL, or let this machine connect to it')
  )
  const domain = /@([^\s<>@]+?)>?$/.exec(mail.from ?? '')?.[1]
  return [server, ...(domain === undefined || isIP(domain) ? [] : [await checkSender(domain, lookUp)])]
}

async function checkSender (domain: string, lookUp: MailChecks['lookUp']): Promise<Check> {
  const name = 'mail-sender'
  try {
    const hasSpf = (await lookUp(domain))?.some((text) => SPF.test(text)) ?? false
    const hasDmarc = await findDmarc(domain, lookUp)
    const missing = [...(hasSpf ? [] : ['SPF']), ...(hasDmarc ? [] : ['DMARC'])]
    if (missing.length === 0) return ok(name, `${domain} has SPF and DMARC`)
    return warn(
      name,
      `${domain} of MAIL_FROM has no ${missing.join(' and no ')} record: mails may be taken for spam`,
      'publish what the provider of the mail server tells you to'
    )
  } catch {
    return ok(name, `the records of ${domain} could not be looked up from here`)
  }
}

/** RFC 7489 section 6.6.3: the domain, or the one of the organization above it. */
async function findDmarc (domain: string, lookUp: MailChecks['lookUp']): Promise<boolean> {
  const labels = domain.split('.')
  for (let first = 0; first <= labels.length - 2; first++) {
    const texts = await lookUp(`_dmarc.${labels.slice(first).join('.')}`)
    if (texts?.some((text) => DMARC.test(text))) return true
  }
  return false
}

export function checkOutbox ({ queued, oldest, dead }: OutboxFacts, sends: boolean): Check {
  const name = 'outbox'
  if (dead.length > 0) {
    return warn(
      name,
      `${dead.length} messages could not be sent: ${listed(dead.map(({ id, error }) => `${id} (${error ?? ''})`))}`,
      'see "npx latchkey mail list"; "npx latchkey mail retry" sends them again'
    )
  }
  if (queued > 0 && oldest > HOUR) {
    return warn(
      name,
      `${queued} messages wait, the oldest for ${Math.round(oldest / HOUR)} h`,
      sends ? 'see why the server of SMTP_URL does not take them, and whether a server is running' : 'set SMTP_URL'
    )
  }
  return ok(name, queued === 0 ? 'nothing waits to be sent' : `${queued} messages wait to be sent`)
}
