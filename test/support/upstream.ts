import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider, { errors as providerErrors } from 'oidc-provider'
import type { Test } from 'tap'
import { formOf, type Answer, type Fields, type Visitor } from './visitor.ts'

export type Person = { sub: string, email?: string, email_verified?: boolean, name?: string, locale?: string }

/** A real OpenID provider, at which one person is logged in at a time. */
export type UpstreamServer = {
  issuer: string
  server: Server
  provider: Provider
  /** Who logs in there; null: they cancel. */
  person: Person | null
}

export const CLIENT = { clientId: 'latchkey', clientSecret: 'a secret of the upstream client' }

/** @param callbacks of the clients under test. @param settings of oidc-provider, and the `port` if it matters */
export async function startUpstream (
  t: Test, callbacks: string[], { port = 0, ...settings }: { port?: number } & Record<string, unknown> = {}
): Promise<UpstreamServer> {
  const server = createServer().listen(port, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const people = new Map<string, Person>()
  const provider = new Provider(issuer, {
    clients: [{ client_id: CLIENT.clientId, client_secret: CLIENT.clientSecret, redirect_uris: callbacks, grant_types: ['authorization_code'], response_types: ['code'] }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'locale'] },
    conformIdTokenClaims: false,
    cookies: { keys: ['of the upstream'] },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    findAccount: (_ctx, id) => {
      const person = people.get(id)
      return person && { accountId: id, claims: () => person }
    },
    async loadExistingGrant (ctx) {
      const grant = new ctx.oidc.provider.Grant({ accountId: ctx.oidc.session!.accountId!, clientId: ctx.oidc.client!.clientId })
      grant.addOIDCScope('openid email profile')
      await grant.save()
      return grant
    },
    ...settings
  })
  const upstream: UpstreamServer = { issuer, server, provider, person: null }
  const handle = provider.callback()
  server.on('request', (request, response) => {
    if (request.url?.startsWith('/interaction/') !== true) return handle(request, response)
    const { person } = upstream
    if (person) people.set(person.sub, person)
    const result = person
      ? { login: { accountId: person.sub } }
      : { error: new providerErrors.AccessDenied().error, error_description: 'no' }
    provider.interactionFinished(request, response, result).catch(() => response.writeHead(500).end())
  })
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return upstream
}

/** Walks through the provider as a browser. @returns the address that it sends the browser back to */
export async function through (start: Answer | string, person?: UpstreamServer['person'], upstream?: UpstreamServer): Promise<string> {
  if (upstream && person !== undefined) upstream.person = person
  const { url, status, page } = await walk(start)
  if (page !== undefined) throw new Error(`The provider answered ${status} at ${url}: ${page}`)
  return url
}

/** Walks through a provider that posts its answer. @returns the fields of the form that the browser posts, and where to */
export async function throughForm (
  start: Answer | string, person?: UpstreamServer['person'], upstream?: UpstreamServer
): Promise<{ path: string, fields: Fields }> {
  if (upstream && person !== undefined) upstream.person = person
  const { url, status, page } = await walk(start)
  if (page === undefined) throw new Error(`The provider sent the browser to ${url}`)
  if (!page.includes('<form')) throw new Error(`The provider answered ${status} at ${url}: ${page}`)
  const { action, hidden } = formOf({ body: page } as Answer)
  return { path: pathOf(action), fields: hidden }
}

/** As a browser does it from the page of another site: no cookie comes with it. */
export async function postAnswer (
  visitor: Visitor, { path, fields }: { path: string, fields: Fields }, origin = 'https://appleid.apple.com'
): Promise<Answer> {
  return await visitor.post(path, fields, { origin, 'sec-fetch-site': 'cross-site', cookie: '' })
}

async function walk (start: Answer | string): Promise<{ url: string, status: number, page?: string }> {
  let url = typeof start === 'string' ? start : start.headers.location!
  const { origin } = new URL(url)
  const cookies = new Map<string, string>()
  for (let hops = 0; hops < 10 && new URL(url).origin === origin; hops++) {
    const answer = await fetch(url, { redirect: 'manual', headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') } })
    for (const cookie of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie)!
      cookies.set(name!, value!)
    }
    const location = answer.headers.get('location')
    if (location === null) return { url, status: answer.status, page: await answer.text() }
    url = new URL(location, url).href
  }
  return { url, status: 303 }
}

/** Logs in at the provider, from a button of the login page to the answer of the callback. */
export async function logInUpstream (
  visitor: Visitor, upstream: UpstreamServer, person: UpstreamServer['person'], { name = 'acme', query = '' } = {}
): Promise<Answer> {
  const back = await through(await visitor.get(`/v1/auth/${name}/redirect${query}`), person, upstream)
  return await visitor.get(pathOf(back))
}

export function pathOf (url: string): string {
  const { pathname, search } = new URL(url)
  return pathname + search
}
