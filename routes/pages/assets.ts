import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import { script, scriptHash } from '../../src/views/script.ts'

const FOR_EVER = 'public, max-age=31536000, immutable'

const assets: FastifyPluginAsyncTypebox = async (app) => {
  const { css, hash } = app.pages.stylesheet

  // During a rolling update a page of one version may load an asset from a process of another: that answer must not be cached
  const send = (reply: FastifyReply, type: string, text: string, isNamed: boolean) =>
    reply.type(type).header('cache-control', isNamed ? FOR_EVER : 'no-store').send(text)

  app.get<{ Params: { hash: string } }>(
    '/assets/latchkey.:hash.css',
    { schema: { hide: true } },
    async ({ params }, reply) => send(reply, 'text/css; charset=utf-8', css, params.hash === hash)
  )

  app.get<{ Params: { hash: string } }>(
    '/assets/latchkey.:hash.js',
    { schema: { hide: true } },
    async ({ params }, reply) => send(reply, 'text/javascript; charset=utf-8', script, params.hash === scriptHash)
  )
}

export default assets
