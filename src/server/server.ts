import Fastify, { type FastifyInstance } from 'fastify'
import pino, { type DestinationStream } from 'pino'
import { errorHandler } from '../../plugins/http/errors.ts'
import { describeRequest } from '../../plugins/http/request-log.ts'
import { answerNotFound } from '../../plugins/pages/not-found.ts'
import services, { RESOLVED, type ServicesOptions } from '../../plugins/services.ts'
import type { Config } from '../config/config.ts'
import { configFrom, readEnvironment, type Variables } from '../config/environment.ts'
import { createTrusts, trustsEverybody } from '../http/trusted-proxies.ts'
import latchkey from '../../plugins/latchkey.ts'

const BODY_LIMIT = 64 * 1024
// Time for a complete request to arrive, so that slow senders do not hold connections
const REQUEST_TIMEOUT_MS = 30_000
const STDOUT = 1
// Log lines that could not be written; more are dropped
const MAX_UNWRITTEN = 1024 * 1024

/** Creates the server, which does not listen yet. Variables are those of the process and of `.env`; options have precedence. */
export async function buildServer (
  { prisma, ...options }: ServicesOptions,
  variables: Variables
): Promise<{ app: FastifyInstance, config: Config }> {
  const config = configFrom(options, readEnvironment(variables, { prefixedOnly: false }))
  const app = Fastify({
    logger: { level: config.logLevel, serializers: { req: describeRequest }, stream: standardOutput() },
    trustProxy: createTrusts(config.trustProxy),
    bodyLimit: BODY_LIMIT,
    // A slow disk must not end a start
    pluginTimeout: 0,
    requestTimeout: REQUEST_TIMEOUT_MS,
    frameworkErrors: errorHandler
  })
  if (trustsEverybody(config.trustProxy)) {
    app.log.warn(
      `TRUST_PROXY is ${config.trustProxy}: the address that limits, logs and sessions see is whatever a visitor writes into X-Forwarded-For. Set it to the number of proxies before the server, or to their addresses`
    )
  }
  app.setErrorHandler(errorHandler)
  try {
    await app.register(services, { [RESOLVED]: config, ...(prisma && { prisma }) })
    await app.register(latchkey, { operations: true })
    await answerStart(app, config)
    await answerNotFound(app)
    await app.ready()
  } catch (error) {
    await app.close().catch(() => {})
    throw error
  }
  return { app, config }
}

/** Serves `/`: a page for people, or without pages the API documents. */
async function answerStart (app: FastifyInstance, { basePath, routes }: Config): Promise<void> {
  if (routes.pages) await (await import('../../plugins/pages/start.ts')).serveStartPage(app)
  else if (routes.docs) app.get('/', { schema: { hide: true } }, async (_request, reply) => reply.redirect(`${basePath}/docs`, 303))
}

/** Write errors, such as a closed terminal or a full disk, must not end the server, least of all while it is closing. */
function standardOutput (): DestinationStream {
  return pino.destination({ dest: STDOUT, sync: true, maxLength: MAX_UNWRITTEN }).on('error', () => {})
}

/**
 * Listens until the process is told to stop.
 * @returns the address of the server
 */
export async function startServer (options: ServicesOptions, variables: Variables): Promise<{ app: FastifyInstance, address: string }> {
  const { app, config } = await buildServer(options, variables)
  try {
    const address = await app.listen({ port: config.port, host: config.host })
    return { app, address }
  } catch (error) {
    await app.close()
    throw error
  }
}
