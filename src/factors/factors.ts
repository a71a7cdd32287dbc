import { v7 as uuidv7 } from 'uuid'
import type { DerivedKeys } from '../crypto/app-key.ts'
import { originOf, type Events } from '../events/events.ts'
import type { MailModels } from '../mail/models.ts'
import type { Caller } from '../oauth/ports.ts'
import type { OutboxEntry, OutboxWrites } from '../outbox/ports.ts'
import type { PrepareNotice } from '../users/notices.ts'
import type { Preferences } from '../verification/recipient.ts'
import type { Factor, FactorOwner, FactorStore } from './ports.ts'
import { newRecoveryCodes, openSecret, sealSecret, sixDigits } from './secrets.ts'
import { newTotpSecret, totpStep, totpUri } from './totp.ts'

/** Who does it; nothing for an operator. */
type By = { caller?: Caller, preferences?: Preferences }

/** A `totp` factor that was begun. `secret`: in base32, to be typed in; `uri`: the same, for a QR code. */
export type NewTotp = { id: string, secret: string, uri: string }

/** The second factors of a user. */
export type Factors = {
  /** Those that work, and how many recovery codes are left. */
  list: (userId: string) => Promise<{ factors: Factor[], recoveryCodes: number }>
  /** Begins one, which works when a first code is confirmed. Another that was begun is forgotten. */
  beginTotp: (owner: FactorOwner, given: { label: string, name: string | null }) => Promise<NewTotp | 'full' | 'gone'>
  /**
   * Every other session of the user ends, and the user is told.
   * @returns `wrong_code`; `unknown` for a factor that was not begun within 10 minutes; the recovery codes, if the user had none
   */
  confirmTotp: (owner: FactorOwner, given: { id: string, code: string }, by: By) => Promise<
    'wrong_code' | 'unknown' | { factor: Factor, recoveryCodes: string[] | null }>
  /** @returns new ones in place of those before; null when the user has no factor, or has been logged out */
  newRecoveryCodes: (owner: FactorOwner, by: By) => Promise<string[] | null>
  /** Every other session of the user ends, and the user is told. @returns false when there is no such factor */
  remove: (owner: FactorOwner, id: string, by: By) => Promise<boolean>
  /** Removes all, with the passkeys, and ends every session, for the operator. The user is told. @returns kinds of those that there were */
  reset: (userId: string) => Promise<string[]>
}

type Dependencies = {
  store: FactorStore
  keys: DerivedKeys
  outbox: Pick<OutboxWrites, 'write'>
  prepareNotice: PrepareNotice
  events: Pick<Events, 'emit'>
  now: () => number
  /** Named in authenticator apps. */
  issuerName: () => string
  accountUrl: () => string
}

const MAX_FACTORS = 10
/** Seconds in which a factor that was begun can be confirmed. */
const BEGUN = 600

export function createFactors ({ store, keys, outbox, prepareNotice, events, now, issuerName, accountUrl }: Dependencies): Factors {
  const notice = async (
    name: 'factorAdded' | 'factorRemoved', userId: string, factor: MailModels['factorAdded']['factor'], by: By
  ): Promise<OutboxEntry[]> => await prepareNotice(name, { userId, ...by }, { at: new Date(now()), url: accountUrl(), factor })

  async function list (userId: string) {
    const [factors, recoveryCodes] = await Promise.all([store.list(userId), store.recoveryCodesLeft(userId)])
    return { factors, recoveryCodes }
  }

  return {
    list,

    async beginTotp (owner, { label, name }) {
      const [id, secret] = [uuidv7(), newTotpSecret()]
      const outcome = await store.begin(owner, { ...sealSecret(keys, id, secret), kind: 'totp', name }, MAX_FACTORS)
      return outcome === 'begun' ? { id, secret, uri: totpUri(secret, { issuer: issuerName(), label }) } : outcome
    },

    async confirmTotp (owner, { id, code }, by) {
      const { userId } = owner
      const begun = await store.begun(userId, id, BEGUN)
      const secret = begun && openSecret(keys, begun)
      if (!secret) return 'unknown'
      const digits = sixDigits(code)
      const step = digits === null ? null : totpStep(secret, digits, now())
      if (step === null) return 'wrong_code'
      const { codes, hashes } = newRecoveryCodes()
      const mail = await notice('factorAdded', userId, 'totp', by)
      const confirmation = { id, step, recoveryCodes: hashes }
      const confirmed = await store.confirm(owner, confirmation, BEGUN, (transaction) => outbox.write(mail, transaction))
      if (!confirmed) return 'unknown'
      events.emit('factor.added', { userId, factor: 'totp', ...originOf(by.caller) })
      const factor = (await store.list(userId)).find((each) => each.id === id)
      return factor ? { factor, recoveryCodes: confirmed.hasCodes ? codes : null } : 'unknown'
    },

    async newRecoveryCodes (owner, { caller }) {
      const { codes, hashes } = newRecoveryCodes()
      if (!await store.replaceRecoveryCodes(owner, hashes)) return null
      events.emit('recovery_codes.created', { userId: owner.userId, ...originOf(caller) })
      return codes
    },

    async remove (owner, id, by) {
      const { userId } = owner
      const known = (await store.list(userId)).find((each) => each.id === id)
      if (!known) return false
      const mail = known.kind === 'sms' ? [] : await notice('factorRemoved', userId, known.kind, by)
      const kind = await store.remove(owner, id, (transaction) => outbox.write(mail, transaction))
      if (kind === null) return false
      events.emit('factor.removed', { userId, factor: kind, ...originOf(by.caller) })
      return true
    },

    async reset (userId) {
      const passkey = await store.hasPasskey(userId) ? ['passkey'] as const : []
      const kinds = [...new Set([...(await store.list(userId)).map(({ kind }) => kind), ...passkey])]
      const mails = await Promise.all(kinds.map((kind) => kind === 'sms' ? [] : notice('factorRemoved', userId, kind, {})))
      const removed = await store.reset(userId, (transaction) => outbox.write(mails.flat(), transaction))
      for (const factor of removed) events.emit('factor.removed', { userId, factor, ...originOf(undefined) })
      return removed
    }
  }
}
