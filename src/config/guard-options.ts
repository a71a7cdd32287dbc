import { Type, type Static } from 'typebox'

// RFC 6749 section 3.3: a name contains no space
const Scope = Type.String({ pattern: '^[\\x21\\x23-\\x5B\\x5D-\\x7E]+$' })
const Scopes = (description: string) => Type.Optional(Type.Array(Scope, { minItems: 1, description }))

const Audience = (description: string) =>
  Type.Optional(Type.Union([Type.String({ minLength: 1 }), Type.Array(Type.String({ minLength: 1 }), { minItems: 1 })], { description }))

const optional = Type.Optional(
  Type.Boolean({ description: 'Let guests pass with `request.auth` set to null; an invalid token is still answered with 401' })
)
const members = {
  scopes: Scopes('Scopes that the token must have, all of them'),
  anyScope: Scopes('Scopes of which the token must have at least one'),
  audience: Audience(
    'Value that `aud` must contain, for a resource server in this process; default: the `audience` of the plugin, or else the issuer'
  ),
  firstParty: Type.Optional(
    Type.Boolean({
      description:
        'Accept only your own applications: neither third parties, which a guard without scopes accepts, nor personal access tokens'
    })
  ),
  optional
}
const closed = { additionalProperties: false }
const login = {
  acr: Type.Optional(
    Type.Union([Type.Literal('mfa')], { description: 'Class that the login must have reached: `mfa`, a second factor; otherwise 401 (RFC 9470)' })
  ),
  maxAge: Type.Optional(
    Type.Union([Type.Integer({ minimum: 0 }), Type.String({ pattern: '^[0-9]{1,6}[smhd]$' })], {
      description: 'Age of the login at most, in seconds or such as `10m` (s, m, h, d); an older one is answered by 401 (RFC 9470)'
    })
  )
}

/** What `app.authGuard(kind, options)` takes, by kind. A browser session is not limited by scopes, and a client has not logged in. */
export const guardOptions = {
  api: Type.Object(
    { ...members, ...login, clients: Type.Optional(Type.Boolean({ description: 'Also accept tokens of clients that act for themselves' })) },
    closed
  ),
  client: Type.Object(members, closed),
  web: Type.Object({ optional, ...login }, closed)
}

export type ApiGuardOptions = Static<typeof guardOptions.api>

/** Options of a guard without a database. */
export const RemoteGuard = Type.Object({
  issuer: Type.String({
    pattern: '^https?://[^\\s/?#@]+(/[^\\s?#]*)?$',
    description: 'Server whose tokens are accepted, such as https://id.example.com'
  }),
  clientId: Type.Optional(
    Type.String({ minLength: 1, description: 'Client with the scope `revocations:read`; without one, revoked tokens are accepted until they expire' })
  ),
  clientSecret: Type.Optional(Type.String({ minLength: 1, description: 'Secret of this client' })),
  audience: Audience('Value that `aud` must contain; default: the issuer'),
  revocation: Type.Optional(Type.Object({
    maxStaleness: Type.Optional(
      Type.Integer({
        minimum: 7, maximum: 3600,
        description:
          'Age of the revocation data in seconds at which the guard answers 503; default: 10. At least 7, because the data is up to 6 seconds old when one of several processes of the issuer ends'
      })
    ),
    onStale: Type.Optional(
      Type.Union([Type.Literal('refuse'), Type.Literal('accept')], { description: 'What the guard does when the revocation data is stale; default: `refuse`' })
    )
  }, closed))
}, closed)

/** A guard without a database, which gets keys and revocations from the issuer. */
export type RemoteGuard = Static<typeof RemoteGuard>
