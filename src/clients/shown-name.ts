import type { Client } from '../oauth/ports.ts'

/** What we call clients that nobody has named: that tells an operator what they are for, and a user nothing. */
const INTERNAL = /(?:^| )(?:Password Grant Client|Personal Access Client)$/

/** How a user is told of a client: one of ours that has no name of its own is the brand. */
export function shownName ({ name, firstParty }: Pick<Client, 'name' | 'firstParty'>, brand: string): string {
  return firstParty && INTERNAL.test(name) ? brand : name
}
