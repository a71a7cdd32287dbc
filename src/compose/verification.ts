import { deriveKeys } from '../crypto/app-key.ts'
import type { Events } from '../events/events.ts'
import { CODE_KEYS, createOneTimeTokens, type OneTimeTokens } from '../verification/one-time-tokens.ts'
import { createRedemption, type Redemption } from '../verification/redemption.ts'
import type { Core } from './core.ts'
import type { UserServices } from './users.ts'

export type VerificationServices = {
  tokens: OneTimeTokens
  redemption: Redemption
}

type Dependencies = Pick<Core, 'appKeys' | 'store'> & { users: Pick<UserServices, 'records' | 'attributes'>, events: Events }

export function createVerification ({ appKeys, store, users, events }: Dependencies): VerificationServices {
  const tokens = createOneTimeTokens({ store: store.oneTimeTokens, keys: deriveKeys(appKeys, CODE_KEYS) })
  const verifiable = users.attributes.filter(({ channel }) => channel !== null).map(({ name }) => name)
  return { tokens, redemption: createRedemption({ tokens, users: users.records, verifiable, events }) }
}
