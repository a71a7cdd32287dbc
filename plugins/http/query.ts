import { parse } from 'node:querystring'
import type { onRequestHookHandler } from 'fastify'

/** The query as it is, whatever a host makes of its own: numbers stay text, names stay as they are, what is repeated is a list. */
export const readQuery: onRequestHookHandler = (request, _reply, done) => {
  const { url = '' } = request.raw
  const start = url.indexOf('?')
  // All of them: who counts them is who asks for them
  if (start >= 0) request.query = parse(url.slice(start + 1), '&', '=', { maxKeys: 0 })
  done()
}
