import { Type, type Static } from 'typebox'
import { nullable } from './nullable.ts'

const ID = '01a20dc8-810d-76f8-8b1d-e68fcfd5f89b'
const DATE = '2026-11-30T09:00:00.000Z'

export const Passkey = Type.Object({
  id: Type.String({ examples: [ID] }),
  name: nullable(Type.String({ examples: ['My laptop'] })),
  rp_id: Type.String({ description: 'The domain for which it was created', examples: ['id.example.com'] }),
  synced: Type.Boolean({ description: 'Whether it is backed up to other devices of the user', examples: [true] }),
  created_at: Type.String({ examples: [DATE] }),
  last_used_at: nullable(Type.String({ examples: [DATE] }))
})
export type Passkey = Static<typeof Passkey>

export const PasskeyList = Type.Object({ passkeys: Type.Array(Passkey) })
export const PasskeyParams = Type.Object({ id: Type.String({ examples: [ID] }) })

/** `PublicKeyCredentialCreationOptionsJSON` of WebAuthn Level 3, section 5.4. */
export const CreationOptions = Type.Object({ challenge: Type.String({ examples: ['q83vEjRWeJA…'] }) }, {
  additionalProperties: true, description: 'For `PublicKeyCredential.parseCreationOptionsFromJSON`'
})

const base64url = (maxLength: number) => Type.String({ minLength: 1, maxLength, pattern: '^[A-Za-z0-9_-]+$' })
const Name = Type.String({ maxLength: 400, description: 'For the user, to tell several apart', examples: ['My laptop'] })

const EXAMPLE = {
  id: 'q83vEjRWeJA',
  rawId: 'q83vEjRWeJA',
  type: 'public-key',
  response: { clientDataJSON: 'eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIn0', attestationObject: 'o2NmbXRkbm9uZQ', transports: ['internal', 'hybrid'] }
}

/** `RegistrationResponseJSON` of WebAuthn Level 3, section 5.1.8. */
const Credential = Type.Object({
  id: base64url(1400),
  rawId: base64url(1400),
  type: Type.Literal('public-key'),
  response: Type.Object({
    clientDataJSON: base64url(8000),
    attestationObject: base64url(40_000),
    transports: Type.Optional(Type.Array(Type.String({ maxLength: 40 }), { maxItems: 10 }))
  }, { additionalProperties: true })
}, { additionalProperties: true, description: 'What `credential.toJSON()` returns in the browser', examples: [EXAMPLE] })

export const NewPasskeyBody = Type.Object({ credential: Credential, name: Type.Optional(Name) }, { additionalProperties: true })
export const PasskeyNameBody = Type.Object({ name: nullable(Name) }, { additionalProperties: true, examples: [{ name: 'My laptop' }] })
