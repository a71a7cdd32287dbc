import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type, type Static } from 'typebox'
import { callerOf } from '../../../src/http/caller.ts'
import { ownerGuard } from '../../../plugins/guard/owner-guard.ts'
import type { OwnedClient, TokenSettings } from '../../../src/clients/management.ts'
import { scopeNames } from '../../../src/oauth/scopes.ts'
import { errors } from '../../../src/schemas/errors.ts'
import { ById, ClientBody, CreatedClient, NewClientBody, OwnClient, OwnClientList } from '../../../src/schemas/management.ts'
import { ownClientJson } from '../../../src/schemas/management-json.ts'
import { unprocessable } from '../../../plugins/http/unprocessable.ts'
import { HttpError } from '../../../src/http/http-error.ts'
import { internals } from '../../../plugins/internals.ts'

const clients: FastifyPluginAsyncTypebox = async (app) => {
  const { account, clock, clients: { management } } = internals(app)
  const json = (client: OwnedClient) => ownClientJson(client, clock.now())
  const notFound = () => new HttpError('LK_NOT_FOUND', { message: 'You have no such client' })

  app.get('/clients', {
    onRequest: ownerGuard(app),
    schema: { tags: ['Management'], summary: 'List the clients of the user', response: { 200: OwnClientList, ...errors(401, 403, 503) } }
  }, async (request) => {
    const { userId } = await account.findOwner(request.auth)
    return (await management.list(userId)).map(json)
  })

  app.post('/clients', {
    onRequest: ownerGuard(app),
    schema: {
      tags: ['Management'],
      summary: 'Register a client of the user',
      description: 'The client is a third party, so its users are asked for consent. The secret is shown only in this response.',
      body: NewClientBody,
      response: { 201: CreatedClient, ...errors(400, 401, 403, 415, 422, 503) }
    }
  }, async (request, reply) => {
    const owner = await account.findOwner(request.auth)
    const { name, confidential = true, device = false, scopes = ['*'] } = request.body
    const made = await management.create(owner, {
      name, confidential, device, scopes: scopeNames(scopes),
      redirectUris: redirectsOf(request.body), settings: settingsOf(request.body)
    }, callerOf(request))
    if (made.errors) throw unprocessable(made.errors)
    const { client, secret } = made
    return reply.code(201).header('cache-control', 'no-store').send({ ...json(client), client_secret: secret, secret })
  })

  app.put('/clients/:id', {
    onRequest: ownerGuard(app),
    schema: {
      tags: ['Management'],
      summary: 'Change a client of the user',
      params: ById,
      body: ClientBody,
      response: { 200: OwnClient, ...errors(400, 401, 403, 404, 415, 422, 503) }
    }
  }, async (request) => {
    const { userId } = await account.findOwner(request.auth)
    const changed = await management.update(userId, request.params.id, {
      name: request.body.name, redirectUris: redirectsOf(request.body), settings: settingsOf(request.body)
    }, callerOf(request))
    if (!changed) throw notFound()
    if (changed.errors) throw unprocessable(changed.errors)
    return json(changed.client)
  })

  app.delete('/clients/:id', {
    onRequest: ownerGuard(app),
    schema: {
      tags: ['Management'],
      summary: 'Revoke a client of the user',
      description: 'Its tokens and sessions are refused at once in every process.',
      params: ById,
      response: { 204: Type.Null({ description: 'Revoked' }), ...errors(401, 403, 404, 422, 503) }
    }
  }, async (request, reply) => {
    const { userId } = await account.findOwner(request.auth)
    if (!await management.revoke(userId, request.params.id, callerOf(request))) throw notFound()
    return reply.code(204).send(null)
  })
}

/** An array, or, as in Passport, one string separated by commas. */
function redirectsOf ({ redirect_uris: uris, redirect }: { redirect_uris?: string[], redirect?: string }): string[] {
  return uris ?? redirect?.split(',').map((uri) => uri.trim()).filter(Boolean) ?? []
}

function settingsOf ({ refresh_grace: refreshGrace, refresh_token_in_body: refreshTokenInBody }: Static<typeof ClientBody>): TokenSettings {
  return { ...(refreshGrace !== undefined && { refreshGrace }), ...(refreshTokenInBody !== undefined && { refreshTokenInBody }) }
}

export default clients
