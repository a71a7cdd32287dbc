import { deriveKeys } from '../crypto/app-key.ts'
import { ConfigError } from '../config/config-error.ts'
import { settingName } from '../config/names.ts'
import type { Attributes } from '../users/attributes.ts'
import type { Events } from '../events/events.ts'
import type { OneTimeTokens } from '../verification/one-time-tokens.ts'
import type { Redemption } from '../verification/redemption.ts'
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

/** Its modules are loaded at the first use: a start and a login need none of them. */
export function createVerification (parts: Dependencies): VerificationServices {
  let loaded: Promise<VerificationServices> | undefined
  const services = () => (loaded ??= loadVerification(parts))
  return {
    tokens: {
      issue: async (...request) => await (await services()).tokens.issue(...request),
      find: async (...request) => await (await services()).tokens.find(...request),
      findByCode: async (...request) => await (await services()).tokens.findByCode(...request)
    },
    redemption: {
      verify: async (...request) => await (await services()).redemption.verify(...request),
      reset: async (...request) => await (await services()).redemption.reset(...request)
    }
  }
}

async function loadVerification ({ appKeys, store, users, events }: Dependencies): Promise<VerificationServices> {
  const [{ CODE_KEYS, createOneTimeTokens }, { createRedemption }] =
    await Promise.all([import('../verification/one-time-tokens.ts'), import('../verification/redemption.ts')])
  const tokens = createOneTimeTokens({ store: store.oneTimeTokens, keys: deriveKeys(appKeys, CODE_KEYS) })
  const verifiable = users.attributes.filter(({ channel }) => channel !== null).map(({ name }) => name)
  return { tokens, redemption: createRedemption({ tokens, users: users.records, verifiable, events }) }
}
