import {
  generateRegistrationOptions, verifyRegistrationResponse, type PublicKeyCredentialCreationOptionsJSON, type RegistrationResponseJSON
} from '@simplewebauthn/server'
import { decodeAttestationObject, isoCBOR } from '@simplewebauthn/server/helpers'
import type { NewPasskey, Passkey } from './ports.ts'
import { CHALLENGE_MS } from './challenges.ts'

type Site = { rpId: string, rpName: string }
type Account = { userId: string, label: string, name: string | null }

/** What a browser needs to create a passkey (WebAuthn Level 3, section 5.4): discoverable, and none that the user already has. */
export async function creationOptions (
  { rpId, rpName }: Site, { userId, label, name }: Account, challenge: Buffer, known: readonly Passkey[]
): Promise<PublicKeyCredentialCreationOptionsJSON> {
  return await generateRegistrationOptions({
    rpID: rpId,
    rpName,
    userID: Uint8Array.from(Buffer.from(userId.replaceAll('-', ''), 'hex')),
    userName: label,
    userDisplayName: name ?? label,
    challenge: Uint8Array.from(challenge),
    timeout: CHALLENGE_MS,
    attestationType: 'none',
    excludeCredentials: known.filter((each) => each.rpId === rpId)
      .map(({ credentialId, transports }) => ({ id: Buffer.from(credentialId).toString('base64url'), transports })),
    authenticatorSelection: { residentKey: 'required', userVerification: 'preferred' }
  })
}

type Expected = { rpId: string, origin: string, isChallenge: (challenge: string) => boolean }

/** What is to be stored of a new credential (WebAuthn Level 3, section 7.1); null when anything is wrong with it. */
export async function readRegistration (
  response: RegistrationResponseJSON, { rpId, origin, isChallenge }: Expected
): Promise<Omit<NewPasskey, 'id' | 'name'> | null> {
  try {
    const { verified, registrationInfo: info } = await verifyRegistrationResponse({
      response: withoutAttestation(response),
      expectedChallenge: isChallenge,
      expectedOrigin: origin,
      expectedRPID: rpId,
      requireUserVerification: false
    })
    if (!verified) return null
    const { credential, aaguid, credentialDeviceType, credentialBackedUp } = info
    return {
      credentialId: Buffer.from(credential.id, 'base64url'),
      publicKey: credential.publicKey,
      counter: credential.counter,
      transports: credential.transports ?? [],
      rpId,
      backupEligible: credentialDeviceType === 'multiDevice',
      backedUp: credentialBackedUp,
      aaguid
    }
  } catch {
    // The library throws for whatever is wrong with what a client has sent, and does nothing else here that can fail
    return null
  }
}

/** None is asked for, so none is believed: certificates of a statement, and the addresses in them, are never followed. */
function withoutAttestation (response: RegistrationResponseJSON): RegistrationResponseJSON {
  const attestation = decodeAttestationObject(Uint8Array.from(Buffer.from(response.response.attestationObject, 'base64url')))
  const bare = isoCBOR.encode(new Map<string, string | Map<string, string> | Uint8Array>([
    ['fmt', 'none'], ['attStmt', new Map()], ['authData', attestation.get('authData')]
  ]))
  return { ...response, response: { ...response.response, attestationObject: Buffer.from(bare).toString('base64url') } }
}
