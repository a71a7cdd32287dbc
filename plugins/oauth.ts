import { fileURLToPath } from 'node:url'
import autoload from '@fastify/autoload'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import authGuard from './auth-guard.ts'
import { closedScope } from './closed-scope.ts'
import { serveMetadata } from './metadata.ts'
import { claim, refuseTwice } from './once.ts'
import pages from './pages.ts'
import servicesPlugin, { type ServicesOptions } from './services.ts'

const routes = (path: string) => fileURLToPath(new URL(`../routes/${path}`, import.meta.url))

/** The authorization endpoint with its pages, the token endpoint, discovery, the public keys and the revocations. */
async function oauth (host: FastifyInstance, options: ServicesOptions): Promise<void> {
  refuseTwice(host, ['oauth'])
  await host.register(servicesPlugin, options)
  await host.register(authGuard, options)
  const { config } = host.latchkey
  claim(host, ['oauth'])
  await host.register(pages)
  await host.register(async (scope) => {
    await closedScope(scope, config)
    await scope.register(autoload, { dir: routes('v1/oauth'), options: { prefix: '/v1/oauth' } })
    await scope.register(autoload, { dir: routes('well-known'), options: { prefix: '/.well-known' } })
    serveMetadata(scope)
  }, { prefix: config.prefix })
  if (config.basePath !== '') {
    await host.register(async (scope) => {
      await closedScope(scope, config)
      serveMetadata(scope, { suffix: config.basePath, hide: true })
    })
  }
}

export default fp(oauth, { name: 'latchkey-oauth', fastify: '5.x' })
