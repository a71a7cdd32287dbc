import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { ownerGuard, stepUp } from '../../plugins/guard/owner-guard.ts'
import { limit } from '../../plugins/http/limits.ts'
import { preferredLanguages } from '../../plugins/http/preferred-languages.ts'
import { unprocessable } from '../../plugins/http/unprocessable.ts'
import { internals } from '../../plugins/internals.ts'
import { callerOf } from '../../src/http/caller.ts'
import { HttpError } from '../../src/http/http-error.ts'
import { MAX_USER_NAME, readName } from '../../src/names/name.ts'
import type { Passkey } from '../../src/passkeys/ports.ts'
import { StepUpBody } from '../../src/schemas/account.ts'
import { errors } from '../../src/schemas/errors.ts'
import {
  CreationOptions, NewPasskeyBody, Passkey as PasskeySchema, PasskeyList, PasskeyNameBody, PasskeyParams, type Passkey as PasskeyJson
} from '../../src/schemas/passkeys.ts'
import { labelOf } from '../../src/users/attributes.ts'

const tags = ['Passkeys']
const NEEDS = 'Needs the access token of a first-party login, or a browser session'
const RECENT = `${NEEDS}, and a login of the last 10 minutes or \`current_password\``

const passkeyRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { account, passkeys, users } = internals(app)
  const isProven = stepUp(app)
  const onRequest = ownerGuard(app)
  const changing = { onRequest, config: limit('password'), preValidation: async (request: { body: unknown }) => { request.body ??= {} } }

  app.get('/passkeys', {
    onRequest,
    schema: { tags, summary: 'List the passkeys of the user', description: `${NEEDS}.`, response: { 200: PasskeyList, ...errors(401, 403, 503) } }
  }, async (request, reply) => {
    const { userId } = await account.findOwner(request.auth)
    return reply.header('cache-control', 'no-store').send({ passkeys: (await passkeys.list(userId)).map(passkeyJson) })
  })

  app.post('/passkeys/options', {
    ...changing,
    schema: {
      tags,
      summary: 'Begin to add a passkey',
      description: `${RECENT}. The options are good for 5 minutes and this session. 404 where the host of the issuer is an IP address.`,
      body: StepUpBody,
      response: { 200: CreationOptions, ...errors(400, 401, 403, 404, 409, 415, 422, 429, 503) }
    }
  }, async (request, reply) => {
    const owner = await account.findOwner(request.auth)
    await isProven(request, reply, owner)
    const profile = await users.records.profile(owner.userId)
    if (!profile) throw loggedOut()
    const options = await passkeys.options(owner, { label: labelOf(users.attributes, profile), name: profile.name })
    if (options === null) throw new HttpError('LK_NOT_FOUND', { message: 'There are no passkeys at an IP address' })
    if (options === 'full') throw tooMany()
    return reply.header('cache-control', 'no-store').send({ ...options })
  })

  app.post('/passkeys', {
    ...changing,
    schema: {
      tags,
      summary: 'Add a passkey',
      description: `${NEEDS}, and a credential created with options of the last 5 minutes. Every other session of the user ends.`,
      body: NewPasskeyBody,
      response: { 201: PasskeySchema, ...errors(400, 401, 403, 409, 415, 422, 429, 503) }
    }
  }, async (request, reply) => {
    const owner = await account.findOwner(request.auth)
    const { credential, name } = request.body
    const added = await passkeys.add(owner, { credential, name: nameOf(name ?? null) }, byOf(request))
    if (added === 'invalid') throw unprocessable({ credential: ['bad_passkey'] })
    if (added === 'taken') throw unprocessable({ credential: ['taken'] })
    if (added === 'full') throw tooMany()
    if (added === 'gone') throw loggedOut()
    return reply.code(201).header('cache-control', 'no-store').send(passkeyJson(added))
  })

  app.patch('/passkeys/:id', {
    ...changing,
    schema: {
      tags,
      summary: 'Rename a passkey',
      description: `${NEEDS}.`,
      params: PasskeyParams,
      body: PasskeyNameBody,
      response: { 200: PasskeySchema, ...errors(400, 401, 403, 404, 415, 422, 429, 503) }
    }
  }, async (request, reply) => {
    const { userId } = await account.findOwner(request.auth)
    const renamed = await passkeys.rename(userId, request.params.id, nameOf(request.body.name))
    if (!renamed) throw new HttpError('LK_NOT_FOUND')
    return reply.header('cache-control', 'no-store').send(passkeyJson(renamed))
  })

  app.delete('/passkeys/:id', {
    ...changing,
    schema: {
      tags,
      summary: 'Remove a passkey',
      description: `${RECENT}. Every other session of the user ends.`,
      params: PasskeyParams,
      body: StepUpBody,
      response: { 204: Type.Null({ description: 'Removed' }), ...errors(400, 401, 403, 404, 415, 422, 429, 503) }
    }
  }, async (request, reply) => {
    const owner = await account.findOwner(request.auth)
    await isProven(request, reply, owner)
    if (!await passkeys.remove(owner, request.params.id, byOf(request))) throw new HttpError('LK_NOT_FOUND')
    return reply.code(204).send(null)
  })
}

const loggedOut = () => new HttpError('LK_UNAUTHENTICATED', { message: 'You have been logged out meanwhile' })
const tooMany = () => new HttpError('LK_TOO_MANY_FACTORS', { message: 'There are too many passkeys. Remove one first.' })

/** @throws HttpError 422 on `name` */
function nameOf (text: string | null): string | null {
  if (text === null) return null
  const { name, problem } = readName(text, MAX_USER_NAME)
  if (name === undefined) throw unprocessable({ name: [problem] })
  return name
}

const byOf = (request: Parameters<typeof preferredLanguages>[0] & Parameters<typeof callerOf>[0]) =>
  ({ caller: callerOf(request), preferences: preferredLanguages(request) })

function passkeyJson ({ id, name, rpId, backedUp, createdAt, lastUsedAt }: Passkey): PasskeyJson {
  return {
    id, name, rp_id: rpId, synced: backedUp, created_at: createdAt.toISOString(), last_used_at: lastUsedAt?.toISOString() ?? null
  }
}

export default passkeyRoutes
