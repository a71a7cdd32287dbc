import { parse } from 'node:querystring'
import type { onRequestHookHandler } from 'fastify'

/** Parses the query without the host's own parser: numbers stay strings, names are unchanged, repeated parameters become an array. */
export const readQuery: onRequestHookHandler = (request, _reply, done) => {
  const { url = '' } = request.raw
  const start = url.indexOf('?')
  // No limit: routes that need one count the parameters themselves
  if (start >= 0) request.query = parse(url.slice(start + 1), '&', '=', { maxKeys: 0 })
  done()
}
