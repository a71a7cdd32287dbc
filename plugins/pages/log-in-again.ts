import type { FastifyReply } from 'fastify'
import type { Config } from '../../src/config/config.ts'
import { withParams } from './answer.ts'

/** For what needs a recent login: the login page, which leads back to a page of ours. */
export function logInAgain (reply: FastifyReply, { basePath, loginPath }: Pick<Config, 'basePath' | 'loginPath'>, path: string): FastifyReply {
  return reply.redirect(withParams(loginPath, { prompt: 'login', return_to: basePath + path }), 303)
}
