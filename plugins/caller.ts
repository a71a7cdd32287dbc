import type { FastifyRequest } from 'fastify'
import type { Caller } from '../src/oauth/ports.ts'

const MAX_USER_AGENT = 400

/** Where a request comes from, as it is kept with the session. NUL cannot be stored, and longer agents say nothing more. */
export function callerOf ({ ip, headers }: Pick<FastifyRequest, 'ip' | 'headers'>): Caller {
  return { ip, userAgent: headers['user-agent']?.slice(0, MAX_USER_AGENT).toWellFormed() }
}
