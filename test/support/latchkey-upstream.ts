import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import type { AppOptions } from '../../plugins/latchkey.ts'
import { freePort } from './free-port.ts'
import { build, makeClient, PASSWORD, register, type MadeClient } from './start-server.ts'
import { pathOf } from './upstream.ts'
import { formOf, visit, type Answer, type Visitor } from './visitor.ts'

const CALLBACK = 'http://localhost:3000/v1/auth/latchkey/callback'

/** Another server of ours at which users log in; it listens. */
export type LatchkeyUpstream = { app: FastifyInstance, databaseUrl: string, issuer: string, client: MadeClient, visitor: () => Visitor }

export async function startLatchkey (t: Test, options: AppOptions = {}): Promise<LatchkeyUpstream> {
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const { app, databaseUrl } = await build(t, { ...options, appUrl: issuer })
  await app.listen({ host: '127.0.0.1', port })
  const client = await makeClient(app, {
    name: 'Downstream', grantTypes: ['authorization_code'], redirectUris: [CALLBACK], scopes: ['*'], firstParty: false
  })
  await register(app, { email: 'ada@example.com', name: 'Ada Lovelace' })
  return { app, databaseUrl, issuer, client, visitor: () => visit(app, { origin: issuer }) }
}

/**
 * Walks through the pages of the upstream: login, where nobody is logged in, and consent, where it is asked for.
 * @returns the path that the browser is sent back to
 */
export async function throughLatchkey (there: Visitor, start: Answer, decision: 'allow' | 'deny' = 'allow'): Promise<string> {
  let page = await there.follow(await there.get(pathOf(start.headers.location!)))
  if (page.statusCode === 200 && formOf(page, ['password']).html.includes('name="password"')) {
    page = await there.follow(await there.submit(page, { username: 'ada@example.com', password: PASSWORD }))
  }
  if (page.statusCode === 200) page = await there.submit(page, { decision })
  const { location } = page.headers
  if (!location?.startsWith(CALLBACK)) throw new Error(`The upstream answered ${page.statusCode} ${location}: ${page.body.slice(0, 2000)}`)
  return pathOf(location)
}
