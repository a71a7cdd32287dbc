import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { PASSWORD } from './start-server.ts'

export const ON = { rateLimit: 'on' as const }
export const WRONG = 'a password that is wrong'

export const farAway = (index: number) => `198.51.100.${index}`

type Attempt = { email?: string, password?: string, from?: string, headers?: Record<string, string>, slug?: string }

/** A login at a proxy from an address, with a wrong password unless another is given. */
export const attempt = (
  app: FastifyInstance,
  { email = 'ada@example.com', password = WRONG, from = '203.0.113.1', headers = {}, slug = 'web' }: Attempt = {}
) => app.inject({ method: 'POST', url: `/v1/clients/${slug}/login`, remoteAddress: from, headers, payload: { email, password } })

export const rightly = (app: FastifyInstance, values: Attempt = {}) => attempt(app, { password: PASSWORD, ...values })

/** Sends requests one after another. @returns their statuses */
export async function times (count: number, request: (index: number) => PromiseLike<LightMyRequestResponse>): Promise<number[]> {
  const statuses: number[] = []
  for (let index = 0; index < count; index++) statuses.push((await request(index)).statusCode)
  return statuses
}

export const all = (count: number, status: number): number[] => Array.from({ length: count }, () => status)

export function deviceCookie (response: LightMyRequestResponse): { header: string, pair: string } | undefined {
  const header = [response.headers['set-cookie'] ?? []].flat().find((cookie) => cookie.startsWith('lkDevice='))
  return header === undefined ? undefined : { header, pair: header.split(';')[0]! }
}
