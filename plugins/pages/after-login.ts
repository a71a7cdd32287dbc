import type { FastifyReply, FastifyRequest } from 'fastify'
import { HttpError } from '../../src/http/http-error.ts'
import { withQuery } from '../../src/http/front-end-url.ts'
import type { Internals } from '../internals.ts'
import { TERMS_PAGE } from './account-paths.ts'
import type { RestorePages } from './restore.ts'
import type { SecondFactorPages } from './second-factor.ts'
import type { VerifyPages } from './verify.ts'

/** Where a login leads that is to go on at `path`: first to the question for terms that the user has not accepted. */
export type AfterLogin = (userId: string, path: string) => Promise<string>

export function createAfterLogin ({ config, users: { terms } }: Pick<Internals, 'config' | 'users'>): AfterLogin {
  return async (userId, path) => terms === null || await terms.hasAccepted(userId)
    ? path
    : withQuery(config.basePath + TERMS_PAGE, { return_to: path })
}

/** The page that asks for what a login lacks, after the error that says so; null for any other error. */
export type AskMissing =
  (request: FastifyRequest, reply: FastifyReply, error: unknown, returnTo: string | null) => Promise<FastifyReply> | null

type Askers = { verify: Pick<VerifyPages, 'refuse'>, restore: Pick<RestorePages, 'refuse'>, secondFactor: Pick<SecondFactorPages, 'refuse'> }

export function createAskMissing ({ verify, restore, secondFactor }: Askers): AskMissing {
  return (request, reply, error, returnTo) => {
    if (!(error instanceof HttpError)) return null
    const { code, authSession } = error
    if (code === 'LK_EMAIL_NOT_VERIFIED') return verify.refuse(request, reply, authSession, returnTo)
    if (code === 'LK_DELETION_SCHEDULED') return restore.refuse(request, reply, authSession, returnTo)
    return code === 'LK_INSUFFICIENT_AUTHORIZATION' ? secondFactor.refuse(request, reply, authSession, returnTo) : null
  }
}
