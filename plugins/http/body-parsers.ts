import formbody from '@fastify/formbody'
import type { FastifyInstance } from 'fastify'
import { formParser } from '../../src/http/form.ts'
import { parseJson } from '../../src/http/json.ts'

const BODY_LIMIT = 64 * 1024
// RFC 8707 section 2: `resource` may be repeated
const parser = formParser('resource')

/** Parses JSON and form bodies strictly: UTF-8, no NUL, no duplicate member, no prototype keys. Applies to this scope only. */
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

/** Form bodies only, the type that pages send. */
export function formParsers (scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers()
  scope.register(formbody, { bodyLimit: BODY_LIMIT, parser })
}
