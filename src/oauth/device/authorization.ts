import { randomBytes } from 'node:crypto'
import type { AuthenticateClient } from '../../clients/authentication.ts'
import type { Devices } from './ports.ts'
import { invalidTarget, unauthorizedClient } from '../errors.ts'
import { stringParams } from '../params.ts'
import type { Caller } from '../ports.ts'
import type { Resources } from '../resources.ts'
import type { Scopes } from '../scopes.ts'
import { hashSecret } from '../../crypto/secrets.ts'
import type { UserCodes } from './user-code.ts'

/** RFC 8628 section 3.2 */
export type DeviceAuthorization = {
  device_code: string
  user_code: string
  verification_uri: string
  verification_uri_complete: string
  expires_in: number
  interval: number
}

export type AuthorizeDevice = (
  request: { authorization: string | undefined, body: Record<string, unknown>, caller: Caller }
) => Promise<DeviceAuthorization>

type Dependencies = {
  authenticateClient: AuthenticateClient
  devices: Devices
  scopes: Scopes
  resources: Resources
  userCodes: UserCodes
  /** Where users enter the code. */
  verificationUri: () => string
}

export const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code'

/** Seconds. */
const TTL = 600
const INTERVAL = 5
// Two pending codes collide with a probability of (pending codes / 2^34)
const TRIES = 5

/**
 * RFC 8628 section 3.1: a code for the device, and one for its user.
 * @throws OAuthError
 */
export function createDeviceAuthorization (
  { authenticateClient, devices, scopes, resources, userCodes, verificationUri }: Dependencies
): AuthorizeDevice {
  return async ({ authorization, body, caller }) => {
    const params = stringParams(body, 'resource')
    const client = await authenticateClient({ authorization, params, caller })
    if (!client.grantTypes.includes(DEVICE_CODE)) throw unauthorizedClient('The client may not use the device grant')
    // Issuing a token for this server instead would give the device access that nobody intended
    if (resources.parse(body['resource'])?.length) throw invalidTarget('A device gets tokens for this server only')
    const granted = scopes.grant(client, params['scope'])
    const deviceCode = `lk_dc_${randomBytes(32).toString('base64url')}`
    const hash = hashSecret(deviceCode)
    for (let tries = 0; tries < TRIES; tries++) {
      const { code, hash: userCodeHash } = userCodes.make()
      if (!await devices.create({ hash, userCodeHash, clientId: client.id, scopes: granted, interval: INTERVAL, ttl: TTL, caller })) {
        continue
      }
      return {
        device_code: deviceCode,
        user_code: code,
        verification_uri: verificationUri(),
        verification_uri_complete: `${verificationUri()}?user_code=${code}`,
        expires_in: TTL,
        interval: INTERVAL
      }
    }
    throw new Error('No unused user code was found')
  }
}
