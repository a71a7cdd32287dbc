import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { callerOf } from '../../../src/http/caller.ts'
import { limit } from '../../../plugins/http/limits.ts'
import { DeviceRequest, DeviceResponse } from '../../../src/schemas/device.ts'
import { OAuthErrorBody } from '../../../src/schemas/token.ts'
import { internals } from '../../../plugins/internals.ts'

const deviceCode: FastifyPluginAsyncTypebox = async (app) => {
  const { oauth } = internals(app)

  app.post('/device/code', {
    config: { oauth: true, ...limit('device') },
    schema: {
      tags: ['OAuth'],
      summary: 'Request authorization for a device (RFC 8628)',
      description:
        'The device shows `user_code` and `verification_uri`, and polls the token endpoint with `device_code` every `interval` seconds.',
      consumes: ['application/x-www-form-urlencoded', 'application/json'],
      security: [{ client: [] }, {}],
      body: DeviceRequest,
      response: { 200: DeviceResponse, 400: OAuthErrorBody, 401: OAuthErrorBody, 429: OAuthErrorBody, 503: OAuthErrorBody }
    }
  }, async (request, reply) => {
    const answer = await oauth.device.authorize({
      authorization: request.headers.authorization, body: request.body, caller: callerOf(request)
    })
    return reply.headers({ 'cache-control': 'no-store', pragma: 'no-cache' }).send(answer)
  })
}

export default deviceCode
