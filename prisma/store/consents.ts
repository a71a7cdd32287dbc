import type { Database } from '../../src/database/client.ts'
import type { Consents } from '../../src/oauth/ports.ts'

export function createConsentStore ({ prisma }: Database): Consents {
  async function find (userId: string, clientId: string): Promise<string[]> {
    const consent = await prisma.consent.findUnique({ where: { userId_clientId: { userId, clientId } }, select: { scopes: true } })
    return consent?.scopes ?? []
  }

  async function add (userId: string, clientId: string, scopes: string[]): Promise<void> {
    const known = await find(userId, clientId)
    const all = [...new Set([...known, ...scopes])]
    await prisma.consent.upsert({
      where: { userId_clientId: { userId, clientId } }, create: { userId, clientId, scopes: all }, update: { scopes: all }
    })
  }

  return { find, add }
}
