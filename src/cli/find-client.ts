import type { Core } from '../compose/core.ts'
import type { Client } from '../oauth/ports.ts'

/** Finds a client by its id or slug; a revoked client has no slug any more. */
export async function findClient ({ clients }: Core['store'], text: string): Promise<Client> {
  const client = await clients.find(text) ?? await clients.findBySlug(text)
  if (!client) throw noSuchClient(text)
  return client
}

export function noSuchClient (text: string): Error {
  return new Error(`There is no client ${text}; \`npx latchkey clients\` lists them`)
}
