import type { FastifyReply } from 'fastify'
import type { Services } from '../../src/compose/services.ts'
import { createRefreshCookie } from './refresh-cookie.ts'

/** Clears the cookies of the proxies that may hold tokens of a client: its own, and those that the configuration assigns to it. */
export type ClearLoginCookies = (reply: FastifyReply, clientId: string | null) => Promise<void>

export function createClearLoginCookies ({ config, clients }: Pick<Services, 'config' | 'clients'>): ClearLoginCookies {
  const cookie = createRefreshCookie(config.issuer)
  return async (reply, clientId) => {
    const named = Object.entries(config.clients).filter(([, { id }]) => id === clientId).map(([slug]) => slug)
    const { slug } = (clientId && await clients.find(clientId)) || {}
    for (const name of new Set([...named, ...(slug ? [slug] : [])])) cookie.clear(reply, name)
  }
}
