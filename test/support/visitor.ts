import { createHash, randomBytes } from 'node:crypto'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import type { NewClient } from '../../src/clients/clients.store.ts'
import { makeClient, PASSWORD, register, token, type MadeClient, type Tokens } from './start-server.ts'
import { tagsOf } from '../unit/views/html.ts'

export const CALLBACK = 'https://app.example.com/callback'
const ORIGIN = 'http://localhost:3000'

export type Fields = Record<string, string>
export type Answer = LightMyRequestResponse

/** A browser without scripts: it keeps cookies, sends the headers of browsers and fills in forms. Empty headers are not sent. */
export type Visitor = {
  cookies: Map<string, string>
  get: (url: string, headers?: Fields) => Promise<Answer>
  /** As a page of this server posts, unless the headers say otherwise. */
  post: (url: string, fields: Fields, headers?: Fields) => Promise<Answer>
  /** Submits the form of a page with the given input. */
  submit: (page: Answer, typed?: Fields, headers?: Fields) => Promise<Answer>
  /** Follows redirects on this server. @returns the first answer that leads elsewhere or does not redirect */
  follow: (answer: Answer) => Promise<Answer>
}

export function visit (app: FastifyInstance, { origin = ORIGIN, ...always }: Fields & { origin?: string } = {}): Visitor {
  const cookies = new Map<string, string>()

  async function send (method: 'GET' | 'POST', url: string, headers: Fields, payload?: string): Promise<Answer> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const all = { accept: 'text/html,*/*;q=0.8', ...always, cookie, ...headers }
    const sent = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''))
    const answer = await app.inject({ method, url, headers: sent, ...(payload !== undefined && { payload }) })
    for (const { name, value, maxAge } of answer.cookies) {
      if (maxAge === 0) cookies.delete(name)
      else cookies.set(name, value)
    }
    return answer
  }

  const get = (url: string, headers: Fields = {}) => send('GET', url, headers)
  const post = (url: string, fields: Fields, headers: Fields = {}) =>
    send(
      'POST',
      url,
      { 'content-type': 'application/x-www-form-urlencoded', origin, 'sec-fetch-site': 'same-origin', ...headers },
      new URLSearchParams(fields).toString()
    )

  async function submit (page: Answer, typed: Fields = {}, headers: Fields = {}): Promise<Answer> {
    const { action, hidden } = formOf(page, Object.keys(typed))
    return await post(action, { ...hidden, ...typed }, headers)
  }

  async function follow (answer: Answer): Promise<Answer> {
    const { location } = answer.headers
    return location?.startsWith('/') ? await follow(await get(location)) : answer
  }

  return { cookies, get, post, submit, follow }
}

type Form = { action: string, hidden: Fields, html: string }

export function formsOf ({ body }: Answer): Form[] {
  return [...body.matchAll(/<form[^]*?<\/form>/g)].map(([html]) => {
    const tags = tagsOf(html)
    const hidden = tags
      .filter(({ attributes }) => attributes['type'] === 'hidden')
      .map(({ attributes }) => [attributes['name']!, attributes['value'] ?? ''])
    return { action: tags[0]!.attributes['action']!, hidden: Object.fromEntries(hidden) as Fields, html }
  })
}

/** The first form of a page, or the first one that has all of the fields. */
export function formOf (page: Answer, fields: string[] = []): Form {
  const forms = formsOf(page)
  return forms.find(({ html }) => fields.every((field) => html.includes(`name="${field}"`))) ?? forms[0]!
}

/** Registers Ada and logs her in on the page. */
export async function loggedIn (app: FastifyInstance, options: Fields = {}): Promise<Visitor & { userId: string }> {
  const made = await register(app)
  const visitor = visit(app, options)
  await logIn(visitor)
  return { ...visitor, userId: made.json<{ id: string }>().id }
}

export async function logIn (visitor: Visitor, path = '/login', typed: Fields = {}): Promise<Answer> {
  return await visitor.submit(await visitor.get(path), { username: 'ada@example.com', password: PASSWORD, ...typed })
}

/** A confidential third-party client with a callback. */
export const makeApp = (app: FastifyInstance, values: Partial<NewClient> = {}): Promise<MadeClient> =>
  makeClient(app, {
    name: 'Acme Reports', grantTypes: ['authorization_code', 'refresh_token'], redirectUris: [CALLBACK], scopes: ['*'],
    firstParty: false, ...values
  })

export const VERIFIER = randomBytes(32).toString('base64url')
export const challengeOf = (verifier: string) => createHash('sha256').update(verifier).digest('base64url')

/** The path of an authorization request; empty parameters are left out. */
export function authorizeUrl (clientId: string, more: Fields = {}): string {
  const params = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: CALLBACK,
    scope: 'openid',
    state: 'of the app',
    code_challenge: challengeOf(VERIFIER),
    code_challenge_method: 'S256',
    ...more
  }
  return `/v1/oauth/authorize?${new URLSearchParams(Object.entries(params).filter(([, value]) => value !== ''))}`
}

/** The parameters in the redirect of an answer. */
export function paramsOf ({ headers: { location } }: Answer): Fields {
  return location === undefined ? {} : Object.fromEntries(new URL(location, ORIGIN).searchParams)
}

/** Authorizes a client, with consent where required. @returns the answer to the application */
export async function authorize (visitor: Visitor, clientId: string, more: Fields = {}): Promise<Answer> {
  const answer = await visitor.follow(await visitor.get(authorizeUrl(clientId, more)))
  return answer.statusCode === 200 ? await visitor.submit(answer, { decision: 'allow' }) : answer
}

/** The tokens of an application that the visitor authorizes. */
export async function letIn (app: FastifyInstance, visitor: Visitor, client: MadeClient, scope: string): Promise<Tokens> {
  const { code } = paramsOf(await authorize(visitor, client.id, { scope }))
  return (await token(
    app,
    { grant_type: 'authorization_code', code: code!, redirect_uri: CALLBACK, code_verifier: VERIFIER },
    client.basic
  )).json<Tokens>()
}
