import type { Client } from '../oauth/ports.ts'

/** Default names of clients that nobody has named, which mean something to the operator but not to users. */
const INTERNAL = /(?:^| )(?:Password Grant Client|Personal Access Client)$/

/** The name of a client as shown to users: the brand for a first-party client with a default name. */
export function shownName ({ name, firstParty }: Pick<Client, 'name' | 'firstParty'>, brand: string): string {
  return firstParty && INTERNAL.test(name) ? brand : name
}
