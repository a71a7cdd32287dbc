import type { FastifyInstance } from 'fastify'
import { createCredential, type CreationOptions } from './authenticator.ts'
import { send } from './factors.ts'

export const optionsFor = async (app: FastifyInstance, token: string): Promise<CreationOptions> =>
  (await send(app, 'POST', '/v1/passkeys/options', token)).json<CreationOptions>()

export const addCredential = (app: FastifyInstance, token: string, credential: object, name?: string) =>
  send(app, 'POST', '/v1/passkeys', token, { credential, ...(name !== undefined && { name }) })

/** Adds one of a new authenticator. */
export async function addPasskey (app: FastifyInstance, token: string, name: string): Promise<string> {
  const answer = await addCredential(app, token, createCredential(await optionsFor(app, token)), name)
  if (answer.statusCode !== 201) throw new Error(`not added: ${answer.body}`)
  return answer.json<{ id: string }>().id
}
