import { validate as isUuid } from 'uuid'
import type { Core } from '../compose/core.ts'
import { hashSecret, newClientId, newClientSecret } from '../crypto/secrets.ts'
import { clientJson } from './client-json.ts'
import type { Context } from './context.ts'
import { BY_OPERATOR } from './operator.ts'
import { newClient, type ClientArgs } from './new-client.ts'
import type { Result } from './result.ts'

/** Creates a client. Its secret is shown only now. */
export async function createClient ({ config, withCore }: Context, { user, ...args }: ClientArgs): Promise<Result> {
  const requested = newClient(args, config)
  // A personal access client acts inside the server only
  const secret = requested.authMethod === 'none' || args.personal ? null : newClientSecret()
  const client = await withCore(async ({ store }) => {
    if (user !== undefined) await checkUser(store, user)
    const made = await store.clients.create({
      ...requested, id: newClientId(), secretHash: secret ? hashSecret(secret) : null, ...(user !== undefined && { ownerId: user })
    })
    if (!made) throw new Error(`The slug ${requested.slug} belongs to another client; \`npx latchkey clients\` lists them`)
    await store.audit.write([{ type: 'client.created', clientId: made.id, userId: user ?? null, detail: BY_OPERATOR }])
    return made
  })
  const { client_id: id, ...rest } = clientJson(client)
  return {
    json: { client_id: id, client_secret: secret, ...rest },
    lines: [
      `${args.password ? 'Password grant client' : args.personal ? 'Personal access client' : 'New client'} created successfully.`,
      `Client ID: ${id}`,
      ...(secret ? [`Client secret: ${secret}`] : [])
    ]
  }
}

async function checkUser (store: Core['store'], id: string): Promise<void> {
  if (!isUuid(id) || !await store.users.find(id)) throw new Error(`There is no user ${id}; \`npx latchkey user list\` lists them`)
}
