import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { pathWith } from '../../../plugins/pages/answer.ts'
import { DEVICE } from '../../../plugins/pages/device.ts'
import { DeviceQuery, showPage } from '../../../src/schemas/pages.ts'
import { internals } from '../../../plugins/internals.ts'

const device: FastifyPluginAsyncTypebox = async (app) => {
  const { config } = internals(app)

  app.get('/v1/oauth/device', {
    schema: {
      tags: ['OAuth'], summary: 'Redirect to the page where users enter the code of a device', querystring: DeviceQuery,
      response: showPage
    }
  }, async (request, reply) => reply.redirect(pathWith(config.basePath + DEVICE, request.query), 303))
}

export default device
