import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import { PASSWORD, token, type Tokens } from './start-server.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** A request of a program to the management API. */
export const call = (
  app: FastifyInstance,
  method: Method,
  path: string,
  bearer?: string,
  payload?: InjectOptions['payload']
): Promise<LightMyRequestResponse> =>
  app.inject({
    method, url: path.startsWith('/v1') ? path : `/v1/oauth/${path}`,
    headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }, ...(payload !== undefined && { payload })
  })

export type MadeToken = {
  access_token: string, accessToken: string,
  token: { id: string, name: string, scopes: string[], expires_at: string | null, last_used_at: string | null }
}

/** Creates a personal access token; fails the test when it is refused. */
export async function personalToken (app: FastifyInstance, bearer: string, values: object = {}): Promise<MadeToken> {
  const answer = await call(app, 'POST', 'personal-access-tokens', bearer, { name: 'Script', ...values })
  if (answer.statusCode !== 201) throw new Error(`refused: ${answer.body}`)
  return answer.json<MadeToken>()
}

/** A login with the password grant. */
export const passwordGrant = async (app: FastifyInstance, basic: string, scope?: string, username = 'ada@example.com'): Promise<Tokens> =>
  (await token(app, { grant_type: 'password', username, password: PASSWORD, ...(scope !== undefined && { scope }) }, basic)).json<Tokens>()
