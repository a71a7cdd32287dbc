import { createClientDirectory, type ClientDirectory } from '../clients/directory.ts'
import type { ClientManagement } from '../clients/management.ts'
import { createAddressBehind, type AddressBehind } from '../clients/trusted-proxy.ts'
import type { Events } from '../events/events.ts'
import type { Scopes } from '../oauth/scopes.ts'
import type { Core } from './core.ts'
import { turnedOff } from './turned-off.ts'

export type ClientServices = ClientDirectory & {
  addressBehind: AddressBehind
  /** For users who register clients of their own. */
  management: ClientManagement
}

export async function createClients (
  { config, clock, store, scopes, events }: Core & { scopes: Scopes, events: Events }
): Promise<ClientServices> {
  const clients = createClientDirectory(store.clients, clock, config.clients)

  async function createManagement (): Promise<ClientManagement> {
    const off = turnedOff('routes.clients')
    if (!config.routes.clients) return { list: off, create: off, update: off, rotateSecret: off, revoke: off }
    const { createClientManagement } = await import('../clients/management.ts')
    return createClientManagement({ store: store.clients, clients, scopes, brand: config.brand.name, events })
  }

  return { ...clients, addressBehind: createAddressBehind(clients, clock), management: await createManagement() }
}
