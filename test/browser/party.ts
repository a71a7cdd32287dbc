import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import underPressure from '@fastify/under-pressure'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import latchkey, { type AppOptions } from '../../plugins/latchkey.ts'
import { freePort } from '../support/free-port.ts'
import { createDatabase, FAST } from '../support/start-server.ts'
import { internals } from '../../plugins/internals.ts'

/** The whole server, listening, on the given port if there is one, with the host's pages when there are some. */
export async function startIssuer (
  t: Test,
  options: AppOptions = {},
  addPages: (app: FastifyInstance) => void = () => {}
): Promise<{ app: FastifyInstance, issuer: string }> {
  const port = options.port ?? await freePort()
  const appUrl = `http://localhost:${port}`
  const app = Fastify({ pluginTimeout: 60_000 })
  t.teardown(() => app.close())
  // The browser takes the processor for longer than a server would wait
  await app.register(underPressure, { maxEventLoopDelay: 0 })
  await app.register(latchkey, { ...FAST, appUrl, port, databaseUrl: await createDatabase(t), ...options })
  addPages(app)
  await app.listen({ port, host: 'localhost' })
  return { app, issuer: internals(app).config.issuer }
}

export type Party = { callback: string, bye: string, /** What came by POST. */ posted: URLSearchParams[] }

/** An application on another origin: it shows what it got, or redirects on. */
export async function startParty (t: Test, redirectTo?: string): Promise<Party> {
  const posted: URLSearchParams[] = []
  const server: Server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => { body += chunk }).on('end', () => {
      if (request.method === 'POST') posted.push(new URLSearchParams(body))
      if (redirectTo !== undefined) response.writeHead(302, { location: redirectTo }).end()
      else {
        response.writeHead(200, { 'content-type': 'text/html' }).end(
          `<!DOCTYPE html><html lang="en"><title>The app</title><h1>${request.method}</h1></html>`
        )
      }
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { callback: `${origin}/callback`, bye: `${origin}/bye`, posted }
}
