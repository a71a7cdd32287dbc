import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { guardedBy } from '../../../plugins/guard/guarded.ts'
import { perIssuer } from '../../../src/config/address.ts'
import { userInfoEndpoint } from '../../../src/oauth/resources.ts'
import { UserInfo } from '../../../src/schemas/discovery.ts'
import { errors } from '../../../src/schemas/errors.ts'
import { HttpError } from '../../../src/http/http-error.ts'
import { internals } from '../../../plugins/internals.ts'

const SCOPES = ['openid']
const FORM = 'application/x-www-form-urlencoded'

const userinfo: FastifyPluginAsyncTypebox = async (app) => {
  const { config, oidc } = internals(app)

  const guardFor = perIssuer(
    config,
    (issuer) => app.authGuard('api', { scopes: SCOPES, audience: [issuer, userInfoEndpoint(issuer)] })
  )
  const guard = guardedBy(async (request, reply) => {
    await guardFor().call(app, request, reply)
  }, [{ bearer: SCOPES }])
  const schema = {
    tags: ['OpenID Connect'],
    summary: 'Claims about the user (OpenID Connect Core section 5.3)',
    response: { 200: UserInfo, ...errors(401, 403, 503) }
  }

  async function answer (request: FastifyRequest, reply: FastifyReply) {
    const claims = await oidc.userInfo(request.auth)
    if (!claims) throw new HttpError('LK_UNAUTHENTICATED', { message: 'The user of this token is gone' })
    return reply.header('cache-control', 'no-store').send(claims)
  }

  /** RFC 6750 section 2.2: a token may be in a form body, and must then be nowhere else. @throws 400 */
  async function takeFromForm ({ headers, body }: FastifyRequest): Promise<void> {
    const { access_token: token } = (body ?? {}) as { access_token?: unknown }
    if (typeof token !== 'string' || !headers['content-type']?.toLowerCase().startsWith(FORM)) return
    if (headers.authorization !== undefined) throw new HttpError('LK_TWO_TOKENS')
    headers.authorization = `Bearer ${token}`
  }

  app.get('/userinfo', { onRequest: guard, schema }, answer)
  app.post('/userinfo', {
    preValidation: [takeFromForm, guard],
    schema: {
      ...schema, description: 'The token may be sent in the form body as `access_token`.', security: [{ bearer: SCOPES }],
      response: { ...schema.response, ...errors(400, 415) }
    }
  }, answer)
}

export default userinfo
