import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { ownerGuard, stepUp } from '../../plugins/guard/owner-guard.ts'
import { limit } from '../../plugins/http/limits.ts'
import { preferredLanguages } from '../../plugins/http/preferred-languages.ts'
import { unprocessable } from '../../plugins/http/unprocessable.ts'
import { internals } from '../../plugins/internals.ts'
import type { Factor } from '../../src/factors/ports.ts'
import { callerOf } from '../../src/http/caller.ts'
import { HttpError } from '../../src/http/http-error.ts'
import { MAX_USER_NAME, readName } from '../../src/names/name.ts'
import { StepUpBody } from '../../src/schemas/account.ts'
import { errors } from '../../src/schemas/errors.ts'
import {
  ConfirmBody, Confirmed, FactorList, FactorParams, NewRecoveryCodes, NewTotp, TotpBody, type Factor as FactorJson
} from '../../src/schemas/factors.ts'
import { labelOf } from '../../src/users/attributes.ts'

const tags = ['Second factors']
const NEEDS = 'Needs the access token of a first-party login, or a browser session'
const RECENT = `${NEEDS}, and a login of the last 10 minutes or \`current_password\``

const factorRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { account, factors, users } = internals(app)
  const isProven = stepUp(app)
  const onRequest = ownerGuard(app)
  const changing = { onRequest, config: limit('password'), preValidation: async (request: { body: unknown }) => { request.body ??= {} } }
  const gone = () => new HttpError('LK_UNAUTHENTICATED', { message: 'You have been logged out meanwhile' })

  app.get('/factors', {
    onRequest,
    schema: { tags, summary: 'List the second factors of the user', description: `${NEEDS}.`, response: { 200: FactorList, ...errors(401, 403, 503) } }
  }, async (request, reply) => {
    const { userId } = await account.findOwner(request.auth)
    const { factors: found, recoveryCodes } = await factors.list(userId)
    return reply.header('cache-control', 'no-store').send({ factors: found.map(factorJson), recovery_codes_left: recoveryCodes })
  })

  app.post('/factors/totp', {
    ...changing,
    schema: {
      tags,
      summary: 'Begin to add an authenticator app',
      description: `${RECENT}. The factor works when a code of it is confirmed within 10 minutes; another one that was begun is forgotten.`,
      body: TotpBody,
      response: { 201: NewTotp, ...errors(400, 401, 403, 409, 415, 422, 429, 503) }
    }
  }, async (request, reply) => {
    const owner = await account.findOwner(request.auth)
    await isProven(request, reply, owner)
    const { name } = request.body
    const { name: read = null, problem } = name === undefined ? { name: null } : readName(name, MAX_USER_NAME)
    if (problem) throw unprocessable({ name: [problem] })
    const profile = await users.records.profile(owner.userId)
    const begun = profile ? await factors.beginTotp(owner, { label: labelOf(users.attributes, profile), name: read }) : 'gone'
    if (begun === 'full') throw new HttpError('LK_TOO_MANY_FACTORS')
    if (begun === 'gone') throw gone()
    return reply.code(201).header('cache-control', 'no-store').send(begun)
  })

  app.post('/factors/totp/confirm', {
    ...changing,
    schema: {
      tags,
      summary: 'Confirm an authenticator app with a code of it',
      description: `${NEEDS}. From now on a login needs it. Every other session of the user ends. The first factor comes with recovery codes.`,
      body: ConfirmBody,
      response: { 200: Confirmed, ...errors(400, 401, 403, 404, 415, 422, 429, 503) }
    }
  }, async (request, reply) => {
    const owner = await account.findOwner(request.auth)
    const confirmed = await factors.confirmTotp(owner, request.body, byOf(request))
    if (confirmed === 'unknown') throw new HttpError('LK_NOT_FOUND', { message: 'No such factor was begun in the last 10 minutes' })
    if (confirmed === 'wrong_code') throw unprocessable({ code: ['wrong_code'] })
    const { factor, recoveryCodes } = confirmed
    return reply.header('cache-control', 'no-store').send({ factor: factorJson(factor), ...(recoveryCodes && { recovery_codes: recoveryCodes }) })
  })

  app.post('/factors/recovery-codes', {
    ...changing,
    schema: {
      tags,
      summary: 'Create new recovery codes',
      description: `${RECENT}. Those before are not valid any more. 409 for a user without a second factor.`,
      body: StepUpBody,
      response: { 200: NewRecoveryCodes, ...errors(400, 401, 403, 409, 415, 422, 429, 503) }
    }
  }, async (request, reply) => {
    const owner = await account.findOwner(request.auth)
    await isProven(request, reply, owner)
    const codes = await factors.newRecoveryCodes(owner, byOf(request))
    if (!codes) throw new HttpError('LK_NO_FACTOR')
    return reply.header('cache-control', 'no-store').send({ recovery_codes: codes })
  })

  app.delete('/factors/:id', {
    ...changing,
    schema: {
      tags,
      summary: 'Remove a second factor',
      description: `${RECENT}. Every other session of the user ends. With the last one the recovery codes go.`,
      params: FactorParams,
      body: StepUpBody,
      response: { 204: Type.Null({ description: 'Removed' }), ...errors(400, 401, 403, 404, 415, 422, 429, 503) }
    }
  }, async (request, reply) => {
    const owner = await account.findOwner(request.auth)
    await isProven(request, reply, owner)
    if (!await factors.remove(owner, request.params.id, byOf(request))) throw new HttpError('LK_NOT_FOUND')
    return reply.code(204).send(null)
  })
}

const byOf = (request: Parameters<typeof preferredLanguages>[0] & Parameters<typeof callerOf>[0]) =>
  ({ caller: callerOf(request), preferences: preferredLanguages(request) })

function factorJson ({ id, kind, name, createdAt, lastUsedAt }: Factor): FactorJson {
  return { id, kind, name, created_at: createdAt.toISOString(), last_used_at: lastUsedAt?.toISOString() ?? null }
}

export default factorRoutes
