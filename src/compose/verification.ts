import { deriveKeys } from '../crypto/app-key.ts'
import { ConfigError } from '../config/config-error.ts'
import { settingName } from '../config/names.ts'
import type { Attributes } from '../users/attributes.ts'
import type { Events } from '../events/events.ts'
import { CODE_KEYS, createOneTimeTokens, type OneTimeTokens } from '../verification/one-time-tokens.ts'
import { createRedemption, type Redemption } from '../verification/redemption.ts'
import type { Core } from './core.ts'
import type { UserServices } from './users.ts'

export type VerificationServices = {
  tokens: OneTimeTokens
  redemption: Redemption
}

/**
 * The attributes of which REQUIRE_EMAIL_VERIFICATION asks for one.
 * @throws ConfigError where no user could verify any
 */
export function attributesToVerify (attributes: Attributes, { config: { sources }, outbox }: Pick<Core, 'config' | 'outbox'>): string[] {
  const named = attributes.filter(({ channel }) => channel === 'mail').map(({ name }) => name)
  const name = settingName(sources, 'requireEmailVerification', 'REQUIRE_EMAIL_VERIFICATION')
  if (named.length === 0) {
    throw new ConfigError([{ name, message: 'needs an e-mail address among login.attributes, which users can verify' }])
  }
  if (outbox.mode('mail') === 'off') {
    throw new ConfigError([{ name, message: 'needs SMTP_URL or mail.send, since users verify their address by a mail' }])
  }
  return named
}

type Dependencies = Pick<Core, 'appKeys' | 'store'> & { users: Pick<UserServices, 'records' | 'attributes'>, events: Events }

export function createVerification ({ appKeys, store, users, events }: Dependencies): VerificationServices {
  const tokens = createOneTimeTokens({ store: store.oneTimeTokens, keys: deriveKeys(appKeys, CODE_KEYS) })
  const verifiable = users.attributes.filter(({ channel }) => channel !== null).map(({ name }) => name)
  return { tokens, redemption: createRedemption({ tokens, users: users.records, verifiable, events }) }
}
