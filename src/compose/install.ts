import { nameOf } from '../config/names.ts'
import type { Config } from '../config/config.ts'
import { PROXY_SLUGS } from '../config/settings.ts'
import { ConfigError } from '../config/config-error.ts'
import type { Client } from '../oauth/ports.ts'
import { hashSecret, isClientId, isClientSecret, newClientId } from '../crypto/secrets.ts'
import type { NewClient } from '../clients/clients.store.ts'
import type { Core } from './core.ts'
import type { Store } from './store.ts'

const PERSONAL_ACCESS = 'personal-access'

/** The clients that every installation has: `web` and `mobile` for the proxies, one for personal access tokens. */
export async function installClients (store: Store, config: Config): Promise<Client[]> {
  const clients: Client[] = []
  for (const client of [...PROXY_SLUGS.map((slug) => passwordClient(slug, config)), personalAccessClient()]) {
    const existing = await store.clients.findBySlug(client.slug!)
    const made = existing ?? await store.clients.create(client) ?? await store.clients.findBySlug(client.slug!)
    if (made) clients.push(made)
  }
  return clients
}

/**
 * CLIENT_WEB_ID and similar variables must name existing clients, with the right secret.
 * @throws ConfigError
 */
export async function checkNamedClients ({ store, config, clock }: Core): Promise<void> {
  for (const [slug, { id, secret }] of Object.entries(config.clients)) {
    const name = (field: 'id' | 'secret') => nameOf(config.sources, ['clients', slug, field])
    const client = await store.clients.find(id)
    if (!client || client.revokedAt) {
      throw new ConfigError([{ name: name('id'), message: 'names no client of this database; `npx latchkey clients` lists them' }])
    }
    if (secret !== undefined && client.secretHash && !isClientSecret(client, secret, clock.now())) {
      throw new ConfigError([{ name: name('secret'), message: `is not the secret of the client in ${name('id')}` }])
    }
  }
}

function passwordClient (slug: typeof PROXY_SLUGS[number], { clients, sources }: Config): NewClient {
  const named = clients[slug]
  if (named && !isClientId(named.id)) {
    throw new ConfigError([{
      name: nameOf(sources, ['clients', slug, 'id']),
      message: 'is not the id of a client: they start with lk_client_; `npx latchkey install` prints one'
    }])
  }
  return {
    id: named?.id ?? newClientId(),
    slug,
    name: `${slug[0]!.toUpperCase()}${slug.slice(1)} Password Grant Client`,
    secretHash: named?.secret ? hashSecret(named.secret) : null,
    authMethod: 'client_secret_basic',
    grantTypes: ['password', 'refresh_token'],
    firstParty: true,
    proxy: true
  }
}

function personalAccessClient (): NewClient {
  return {
    id: newClientId(),
    slug: PERSONAL_ACCESS,
    name: 'Personal Access Client',
    secretHash: null,
    authMethod: 'client_secret_basic',
    grantTypes: ['personal_access'],
    firstParty: true
  }
}
