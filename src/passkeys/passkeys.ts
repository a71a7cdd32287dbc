import { isIP } from 'node:net'
import type { PublicKeyCredentialCreationOptionsJSON, RegistrationResponseJSON } from '@simplewebauthn/server'
import { v7 as uuidv7 } from 'uuid'
import type { DerivedKeys } from '../crypto/app-key.ts'
import { originOf, type Events } from '../events/events.ts'
import type { FactorOwner } from '../factors/ports.ts'
import type { Caller } from '../oauth/ports.ts'
import type { OutboxEntry, OutboxWrites } from '../outbox/ports.ts'
import type { PrepareNotice } from '../users/notices.ts'
import type { Preferences } from '../verification/recipient.ts'
import { isOurChallenge, newChallenge } from './challenges.ts'
import type { Passkey, PasskeyStore } from './ports.ts'

type By = { caller?: Caller, preferences?: Preferences }

/** Credential as the browser returns it (`toJSON`). */
export type Registration = Pick<RegistrationResponseJSON, 'id' | 'rawId' | 'type' | 'response'>

/** The passkeys of a user. */
export type Passkeys = {
  list: (userId: string) => Promise<Passkey[]>
  /** @returns null where there can be none: the host of the issuer is an IP address */
  options: (owner: FactorOwner, account: { label: string, name: string | null }) => Promise<PublicKeyCredentialCreationOptionsJSON | 'full' | null>
  /**
   * Every other session of the user ends, and the user is told.
   * @returns `invalid` for a credential that does not fit options of the last 5 minutes, of this user and session
   */
  add: (owner: FactorOwner, given: { credential: Registration, name: string | null }, by: By) => Promise<Passkey | 'invalid' | 'full' | 'taken' | 'gone'>
  /** @returns null when there is no such passkey */
  rename: (userId: string, id: string, name: string | null) => Promise<Passkey | null>
  /** Every other session of the user ends, and the user is told. @returns false when there is no such passkey */
  remove: (owner: FactorOwner, id: string, by: By) => Promise<boolean>
}

type Dependencies = {
  store: PasskeyStore
  keys: DerivedKeys
  outbox: Pick<OutboxWrites, 'write'>
  prepareNotice: PrepareNotice
  events: Pick<Events, 'emit'>
  now: () => number
  rpName: () => string
  issuer: () => string
}

const MAX_PASSKEYS = 20

export function createPasskeys ({ store, keys, outbox, prepareNotice, events, now, rpName, issuer }: Dependencies): Passkeys {
  const notice = async (name: 'factorAdded' | 'factorRemoved', userId: string, by: By): Promise<OutboxEntry[]> =>
    await prepareNotice(name, { userId, ...by }, { at: new Date(now()), url: `${issuer()}/account/security`, factor: 'passkey' })

  /** The epoch is raised with every passkey, so that a challenge adds one only. */
  const bound = ({ userId, sessionId, tokenEpoch }: FactorOwner) => ['register', userId, sessionId, String(tokenEpoch)]
  const find = async (userId: string, id: string) => (await store.list(userId)).find((each) => each.id === id)

  return {
    list: store.list,

    async options (owner, account) {
      const rpId = rpIdOf(issuer())
      if (rpId === null) return null
      const known = await store.list(owner.userId)
      if (known.length >= MAX_PASSKEYS) return 'full'
      const { creationOptions } = await import('./registration.ts')
      const challenge = newChallenge(keys, bound(owner), now())
      return await creationOptions({ rpId, rpName: rpName() }, { userId: owner.userId, ...account }, challenge, known)
    },

    async add (owner, { credential, name }, by) {
      const { userId } = owner
      const rpId = rpIdOf(issuer())
      if (rpId === null) return 'invalid'
      const { readRegistration } = await import('./registration.ts')
      const read = await readRegistration({ ...credential, clientExtensionResults: {} }, {
        rpId, origin: new URL(issuer()).origin, isChallenge: (challenge) => isOurChallenge(keys, challenge, bound(owner), now())
      })
      if (!read) return 'invalid'
      const id = uuidv7()
      const mail = await notice('factorAdded', userId, by)
      const outcome = await store.add(owner, { ...read, id, name }, MAX_PASSKEYS, (transaction) => outbox.write(mail, transaction))
      if (outcome !== 'added') return outcome
      events.emit('factor.added', { userId, factor: 'passkey', ...originOf(by.caller) })
      return await find(userId, id) ?? 'gone'
    },

    async rename (userId, id, name) {
      if (!await find(userId, id) || !await store.rename(userId, id, name)) return null
      return await find(userId, id) ?? null
    },

    async remove (owner, id, by) {
      const { userId } = owner
      if (!await find(userId, id)) return false
      const mail = await notice('factorRemoved', userId, by)
      if (!await store.remove(owner, id, (transaction) => outbox.write(mail, transaction))) return false
      events.emit('factor.removed', { userId, factor: 'passkey', ...originOf(by.caller) })
      return true
    }
  }
}

/** Null for an IP address, which is no domain (WebAuthn Level 3, section 5.1.3). */
function rpIdOf (issuer: string): string | null {
  const { hostname } = new URL(issuer)
  return hostname.startsWith('[') || isIP(hostname) !== 0 ? null : hostname
}
