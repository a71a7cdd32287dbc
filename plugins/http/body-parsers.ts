import formbody from '@fastify/formbody'
import type { FastifyInstance } from 'fastify'
import { formParser } from '../../src/http/form.ts'
import { parseJson } from '../../src/http/json.ts'

const BODY_LIMIT = 64 * 1024
// RFC 8707 section 2: a request may name several resources
const parser = formParser('resource')

/** JSON and form bodies, strictly: UTF-8, no NUL, no member twice, no prototypes. Only for the scope it is called on. */
export function bodyParsers (scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('application/json', { parseAs: 'buffer', bodyLimit: BODY_LIMIT }, (_request, body, done) => {
    try {
      done(null, parseJson(body as Buffer))
    } catch (error) {
      done(error as Error)
    }
  })
  scope.register(formbody, { bodyLimit: BODY_LIMIT, parser })
}

/** Forms only, as pages send them. */
export function formParsers (scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers()
  scope.register(formbody, { bodyLimit: BODY_LIMIT, parser })
}
