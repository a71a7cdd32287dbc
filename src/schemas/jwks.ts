import { Type, type Static } from 'typebox'

/** RFC 7517: public keys only. */
export const Jwks = Type.Object({
  keys: Type.Array(Type.Object({
    kid: Type.String(),
    kty: Type.String({ examples: ['EC'] }),
    alg: Type.String({ examples: ['ES256'] }),
    use: Type.Literal('sig'),
    crv: Type.Optional(Type.String({ examples: ['P-256'] })),
    x: Type.Optional(Type.String()),
    y: Type.Optional(Type.String()),
    n: Type.Optional(Type.String()),
    e: Type.Optional(Type.String())
  }))
})
export type Jwks = Static<typeof Jwks>
