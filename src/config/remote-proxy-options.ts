import { Type, type Static } from 'typebox'
import { Settings } from './settings.ts'
import { RemoteGuard } from './guard-options.ts'

const closed = { additionalProperties: false }
const { login, prefix, corsOrigins, rateLimit, appUrl, refreshTokenTtl, hostDocument, env } = Settings.properties
const Shared = Type.Partial(
  Type.Object({ login: Type.Partial(login), prefix, corsOrigins, rateLimit, appUrl, refreshTokenTtl, hostDocument, env })
)
const Credentials = Type.Object({ id: Type.String({ minLength: 1 }), secret: Type.String({ minLength: 1 }) }, closed)

/** For remote client proxies: their process holds the client's secret and sends requests to the issuer. */
export const RemoteProxy = Type.Object({
  issuer: RemoteGuard.properties.issuer,
  clients: Type.Optional(
    Type.Record(Type.String({ pattern: '^[a-z0-9-]+$' }), Credentials, {
      ...closed,
      description: 'Clients by slug; default: from LATCHKEY_CLIENT_WEB_ID, LATCHKEY_CLIENT_WEB_SECRET and so on'
    })
  ),
  refreshTokenInBody: Type.Optional(Type.Boolean({ description: 'Whether responses contain the refresh token in the body as well as in the cookie' })),
  ...Shared.properties
}, closed)
export type RemoteProxy = Static<typeof RemoteProxy>
