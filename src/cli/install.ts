import { join } from 'node:path'
import { nameOf } from '../config/names.ts'
import type { Core } from '../compose/core.ts'
import type { Log } from '../runtime/log.ts'
import { installClients } from '../compose/install.ts'
import type { Client } from '../oauth/ports.ts'
import { hashSecret, newClientSecret } from '../crypto/secrets.ts'
import type { Context } from './context.ts'
import { checkWritable, writeVariables } from './env-file.ts'
import { keysJson } from './keys.ts'
import type { Result } from './result.ts'

type Installed = { client: Client, secret: string | null }

/** Applies migrations and creates keys and the clients that every installation has. What already exists stays unchanged. */
export async function install ({ cwd, log, withCore }: Context, { writeEnv = false }: { writeEnv?: boolean } = {}): Promise<Result> {
  const envFile = join(cwd, '.env')
  if (writeEnv) await checkWritable(envFile)
  const { installed, keys } = await withCore(async (core) => {
    await warnOfRevoked(core, log)
    return { installed: await clientsWithSecrets(core), keys: keysJson(core.keys) }
  }, { migrate: true, create: true })
  const variables = writeEnv ? variablesFor(installed) : {}
  if (writeEnv) await writeVariables(envFile, variables)
  return {
    json: {
      clients: installed.map(({ client, secret }) => ({ slug: client.slug, client_id: client.id, client_secret: secret })),
      keys: keys.map(({ kid, alg, state }) => ({ kid, alg, state }))
    },
    lines: [...installed.flatMap(describe), ...(writeEnv ? [`Written to .env: ${Object.keys(variables).join(', ')}`] : [])]
  }
}

/** A revoked client has given up its slug to a new one, unless a variable still names it. */
async function warnOfRevoked ({ store, config }: Core, log: Log): Promise<void> {
  for (const [slug, { id }] of Object.entries(config.clients)) {
    const client = await store.clients.find(id)
    if (client?.revokedAt) {
      log.warn({}, `The client ${id}, which ${nameOf(config.sources, ['clients', slug, 'id'])} names, is revoked; remove it`)
    }
  }
}

/** A client of a first start has no secret yet: it gets one, which is known in this run only. */
async function clientsWithSecrets ({ store, config }: Core): Promise<Installed[]> {
  const installed: Installed[] = []
  for (const client of await installClients(store, config)) {
    const secret = newClientSecret()
    const wanted = isPasswordClient(client) && !client.secretHash
    const set = wanted && await store.clients.setFirstSecret(client.id, hashSecret(secret))
    installed.push({ client, secret: set ? secret : null })
  }
  return installed
}

/** For the proxy clients only, since no other client is read from the environment. */
function variablesFor (installed: Installed[]): Record<string, string> {
  const proxies = installed.filter(({ client }) => isPasswordClient(client))
  return Object.fromEntries(proxies.flatMap(({ client, secret }) => {
    const name = `CLIENT_${client.slug!.toUpperCase()}`
    return [[`${name}_ID`, client.id], ...(secret ? [[`${name}_SECRET`, secret]] : [])]
  }))
}

/** In the wording of Passport. */
function describe ({ client, secret }: Installed): string[] {
  const kind = isPasswordClient(client) ? 'Password grant client' : 'Personal access client'
  return [
    secret ? `${kind} created successfully.` : `${kind}:`,
    `Client slug: ${client.slug}`,
    `Client ID: ${client.id}`,
    ...(secret ? [`Client secret: ${secret}`] : [])
  ]
}

function isPasswordClient ({ grantTypes }: Client): boolean {
  return grantTypes.includes('password')
}
