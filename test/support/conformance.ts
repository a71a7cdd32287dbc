import { createLocalJWKSet, jwtVerify, type JSONWebKeySet, type JWTPayload } from 'jose'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import type { Test } from 'tap'
import type { NewClient } from '../../src/clients/clients.store.ts'
import { readyAttributes } from '../../src/schemas/identifiers.ts'
import { build, PASSWORD, register, token, type MadeClient, type Tokens } from './start-server.ts'
import { authorizeUrl, CALLBACK, makeApp, visit, type Fields, type Visitor } from './visitor.ts'

const ISSUER = 'http://localhost:3000'
export const LOGIN = { username: 'ada@example.com', password: PASSWORD }
export const NONCE = 'n-0S6_WzA2Mj'

export type OidcTokens = Tokens & { id_token: string }

export type Party = {
  app: FastifyInstance
  client: MadeClient
  /** The path of a request as the conformance suite sends it: without PKCE, with a nonce. */
  path: (more?: Fields) => string
  /** Logs in and consents where required. @returns the answer to the application */
  ask: (visitor: Visitor, more?: Fields) => Promise<LightMyRequestResponse>
  exchange: (answer: LightMyRequestResponse, more?: Fields) => Promise<LightMyRequestResponse>
  /** The whole flow, in a new browser unless one is given. */
  tokens: (more?: Fields, visitor?: Visitor) => Promise<OidcTokens>
  /** The claims, if signature, algorithm, issuer, audience and times are valid. */
  verified: (idToken: string, algorithm?: string) => Promise<JWTPayload>
  userInfo: (accessToken: string) => Promise<Record<string, unknown>>
}

/** A server with a user who has all the data that scopes can request. */
export async function served (t: Test): Promise<FastifyInstance> {
  const { app } = await build(t, { login: { attributes: readyAttributes } })
  await register(app, { email: 'ada@example.com', phone: '+491701234567', username: 'ada', name: 'Ada Lovelace' })
  return app
}

/** A client like those of the Basic OP plan: confidential, HTTP Basic, PKCE optional. */
export async function party (app: FastifyInstance, values: Partial<NewClient> = {}): Promise<Party> {
  const client = await makeApp(app, { name: 'Conformance suite', pkceOptional: true, ...values })
  const path: Party['path'] = (more = {}) =>
    authorizeUrl(client.id, { code_challenge: '', code_challenge_method: '', nonce: NONCE, ...more })
  const ask: Party['ask'] = (visitor, more) => through(visitor, path(more))
  const exchange: Party['exchange'] = (answer, more = {}) =>
    token(app, {
      grant_type: 'authorization_code', code: new URL(answer.headers.location!).searchParams.get('code')!,
      redirect_uri: CALLBACK, ...more
    }, client.basic)

  return {
    app, client, path, ask, exchange,
    tokens: async (more, visitor = visit(app)) => (await exchange(await ask(visitor, more))).json<OidcTokens>(),
    async verified (idToken, algorithm = 'RS256') {
      const keys = createLocalJWKSet((await app.inject('/.well-known/jwks.json')).json<JSONWebKeySet>())
      return (await jwtVerify(idToken, keys, {
        issuer: ISSUER, audience: client.id, algorithms: [algorithm], requiredClaims: ['sub', 'iat', 'exp']
      })).payload
    },
    userInfo: async (accessToken) =>
      (await app.inject({ url: '/v1/oauth/userinfo', headers: { authorization: `Bearer ${accessToken}` } })).json()
  }
}

async function through (visitor: Visitor, path: string): Promise<LightMyRequestResponse> {
  let page = await visitor.follow(await visitor.get(path))
  if (asksForLogin(page)) page = await visitor.follow(await visitor.submit(page, LOGIN))
  return page.statusCode === 200 ? await visitor.submit(page, { decision: 'allow' }) : page
}

export const asksForLogin = ({ body }: LightMyRequestResponse) => body.includes('name="password"')
