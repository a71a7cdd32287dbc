import type { FastifyRequest } from 'fastify'
import { loadRender } from '../src/compose/outbox.ts'
import type { Services } from '../src/compose/services.ts'
import { isLoopback } from '../src/http/origin.ts'
import type { QueuedMail, QueuedSms } from '../src/mail/queue.ts'
import type { KeptEntry } from '../src/outbox/ports.ts'
import { developmentMailList, developmentMailPage, STYLE_HASH, type KeptMessage } from '../src/views/development-mail.tsx'

type Page = { html: string, policy: string }

export type DevelopmentMail = {
  /** Whether the developer at this machine asks, and nobody through a tunnel or a name that was rebound to this address. */
  isFromHere: (request: Pick<FastifyRequest, 'headers' | 'raw' | 'socket'>) => boolean
  list: () => Promise<Page>
  message: (id: string) => Promise<Page | null>
  /** The HTML of a mail, for a frame. */
  html: (id: string) => Promise<Page | null>
}

const POLICY = `default-src 'none'; style-src '${STYLE_HASH}'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`
/** Links open outside of the frame; nothing is loaded and nothing runs. */
const SANDBOX = 'allow-popups allow-popups-to-escape-sandbox'
const HTML_POLICY = `sandbox ${SANDBOX}; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; form-action 'none'`

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** What proxies and tunnels add. */
const FORWARDED =
  /^(x-forwarded-|forwarded$|via$|cf-|x-real-ip$|x-client-ip$|x-cluster-client-ip$|true-client-ip$|x-original-|x-envoy-|x-amz|x-azure-|x-arr-|x-vercel-|x-nginx-|x-proxy|fastly-|ngrok-|tailscale-|fly-)/

export async function createDevelopmentMail ({ config, store, outbox }: Services): Promise<DevelopmentMail> {
  const render = await loadRender(config)
  const path = `${config.basePath}/dev/mail`

  async function open (entry: KeptEntry): Promise<KeptMessage | null> {
    const payload = outbox.open(entry)
    if (payload === null) return null
    const content = entry.kind === 'mail' ? await render.mail(payload as QueuedMail) : await render.sms(payload as QueuedSms)
    return { id: entry.id, kind: entry.kind, at: entry.createdAt, subject: null, html: undefined, ...content }
  }

  async function find (id: string): Promise<KeptMessage | null> {
    const [entry] = UUID.test(id) ? await store.outbox.kept(id) : []
    return entry ? await open(entry) : null
  }

  return {
    isFromHere,
    async list () {
      const messages = (await Promise.all((await store.outbox.kept(null)).map(open))).filter((message) => message !== null)
      return { html: developmentMailList({ messages, path, brand: config.brand.name }), policy: POLICY }
    },
    async message (id) {
      const message = await find(id)
      return message && { html: developmentMailPage({ message, path, brand: config.brand.name, sandbox: SANDBOX }), policy: POLICY }
    },
    async html (id) {
      const message = await find(id)
      return message?.html === undefined ? null : { html: message.html.replace('<head>', '<head><base target="_blank">'), policy: HTML_POLICY }
    }
  }
}

const isFromHere: DevelopmentMail['isFromHere'] = ({ headers, raw, socket }) => {
  // The address of the connection: X-Forwarded-For may say anything
  const peer = (socket.remoteAddress ?? '').replace(/^::ffff:/, '')
  const hosts = raw.rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host')
  // What nginx sends where nothing is configured: no header of its own, and localhost as the name. No browser has an old version
  const isOld = raw.httpVersion === '1.0'
  return !isOld && isLoopback(peer) && hosts.length === 1 && /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i.test(headers.host ?? '') &&
    !Object.keys(headers).some((name) => FORWARDED.test(name))
}
