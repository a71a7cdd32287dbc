import { Type, type Static } from 'typebox'

// RFC 6749 section 3.3: a name contains no space
const Scope = Type.String({ pattern: '^[\\x21\\x23-\\x5B\\x5D-\\x7E]+$' })
const Scopes = (description: string) => Type.Optional(Type.Array(Scope, { minItems: 1, description }))

const Audience = (description: string) =>
  Type.Optional(Type.Union([Type.String({ minLength: 1 }), Type.Array(Type.String({ minLength: 1 }), { minItems: 1 })], { description }))

const optional = Type.Optional(
  Type.Boolean({ description: 'Guests may pass, whose `request.auth` is null; a token that is not valid is 401 all the same' })
)
const members = {
  scopes: Scopes('All of them are needed'),
  anyScope: Scopes('One of them is enough'),
  audience: Audience(
    'What `aud` must hold, for a resource server in this process; what the plugin was told, else the issuer, when not given'
  ),
  firstParty: Type.Optional(
    Type.Boolean({
      description:
        'Applications of your own only: neither those of third parties, which a guard without scopes lets in, nor personal access tokens'
    })
  ),
  optional
}
const closed = { additionalProperties: false }

/** Options of `app.authGuard(kind, options)`, by kind. The kind `web` has none. */
export const guardOptions = {
  api: Type.Object(
    { ...members, clients: Type.Optional(Type.Boolean({ description: 'Clients that act for themselves may pass, too' })) },
    closed
  ),
  client: Type.Object(members, closed),
  web: Type.Object({ optional }, closed)
}

export type ApiGuardOptions = Static<typeof guardOptions.api>

/** Of a guard without a database. */
export const RemoteGuard = Type.Object({
  issuer: Type.String({
    pattern: '^https?://[^\\s/?#@]+(/[^\\s?#]*)?$',
    description: 'The server whose tokens count, such as https://id.example.com'
  }),
  clientId: Type.Optional(
    Type.String({ minLength: 1, description: 'Client that may `revocations:read`; without one, tokens are accepted until they expire' })
  ),
  clientSecret: Type.Optional(Type.String({ minLength: 1, description: 'Its secret' })),
  audience: Audience('What `aud` must hold; the issuer when not given'),
  revocation: Type.Optional(Type.Object({
    maxStaleness: Type.Optional(
      Type.Integer({
        minimum: 7, maximum: 3600,
        description:
          'Seconds without news from the issuer after which the guard answers 503, 10 when not given: at least 7, since news is up to 6 seconds old when one of several processes of the issuer ends'
      })
    ),
    onStale: Type.Optional(
      Type.Union([Type.Literal('refuse'), Type.Literal('accept')], { description: 'What the guard does then; `refuse` when not given' })
    )
  }, closed))
}, closed)

/** A guard without a database, which gets keys and revocations from the issuer. */
export type RemoteGuard = Static<typeof RemoteGuard>
