import { deriveKeys } from '../crypto/app-key.ts'
import { ConfigError } from '../config/config-error.ts'
import { settingName } from '../config/names.ts'
import { atFirstUse } from '../runtime/at-first-use.ts'
import type { Throttle } from '../throttle/throttle.ts'
import type { Attributes } from '../users/attributes.ts'
import type { Events } from '../events/events.ts'
import type { IdentifierChanges } from '../verification/changes.ts'
import { createLinks, type Links } from '../verification/links.ts'
import type { NewPassword } from '../verification/new-password.ts'
import type { OneTimeTokens } from '../verification/one-time-tokens.ts'
import type { Redemption } from '../verification/redemption.ts'
import type { ProofRequests } from '../verification/requests.ts'
import type { AllowTextMessage } from '../verification/text-messages.ts'
import type { Undo } from '../verification/undo.ts'
import type { Verify } from '../verification/verify.ts'
import type { Core } from './core.ts'
import type { MailServices, SmsServices } from './outbox.ts'
import type { UserServices } from './users.ts'

type Loaded = {
  tokens: OneTimeTokens
  redemption: Redemption
  newPassword: NewPassword
  changes: IdentifierChanges
  undo: Undo
  requests: ProofRequests
  verify: Verify
}

export type VerificationServices = Loaded & {
  links: Links
  /** What can be verified: there is such an attribute, and something is sent to it. */
  channels: { mail: boolean, sms: boolean }
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

type Dependencies = Core & {
  users: Pick<UserServices, 'records' | 'attributes' | 'passwordPolicy' | 'passwordChanged' | 'domains'>
  mail: MailServices
  sms: SmsServices
  throttle: Throttle
  events: Events
}

/** Its modules are loaded at the first use: a start and a login need none of them. */
export function createVerification (parts: Dependencies): VerificationServices {
  const { config, mail, sms, users: { attributes } } = parts
  const links = createLinks(config)
  const has = (channel: 'mail' | 'sms') => attributes.some((attribute) => attribute.channel === channel)
  let loaded: Promise<Loaded> | undefined
  const load = () => (loaded ??= loadVerification({ ...parts, links }))
  return {
    tokens: atFirstUse(async () => (await load()).tokens, ['issue', 'find', 'findByCode', 'list', 'cancel']),
    redemption: atFirstUse(async () => (await load()).redemption, ['verify', 'reset']),
    newPassword: atFirstUse(async () => (await load()).newPassword, ['find', 'set']),
    requests: atFirstUse(async () => (await load()).requests, ['verifyEmail', 'verifyNew', 'addressTaken', 'verifyPhone', 'resetPassword']),
    verify: atFirstUse(async () => (await load()).verify, ['find', 'isPassword', 'byLink', 'byCode']),
    changes: atFirstUse(async () => (await load()).changes, ['prepare', 'pending', 'sendAgain', 'cancel', 'confirm']),
    undo: atFirstUse(async () => (await load()).undo, ['find', 'undo']),
    links,
    channels: { mail: mail.isOn && has('mail'), sms: sms.isOn && has('sms') }
  }
}

/** With the tables of phone numbers only where a text message is ever sent. */
async function loadAllowTextMessage ({ config, sms, throttle, events }: Dependencies): Promise<AllowTextMessage> {
  if (!sms.isOn) return async () => false
  const { createAllowTextMessage } = await import('../verification/text-messages.ts')
  const countries = config.sms.send ? config.sms.countries ?? [config.login.defaultCountry ?? ''] : null
  return createAllowTextMessage({ throttle, countries, onRefused: (counter) => events.emit('attempt.refused', { counter }) })
}

async function loadVerification (parts: Dependencies & { links: Links }): Promise<Loaded> {
  const [{ CODE_KEYS, createOneTimeTokens }, { createRedemption }, { createNewPassword }] = await Promise.all([
    import('../verification/one-time-tokens.ts'), import('../verification/redemption.ts'), import('../verification/new-password.ts')
  ])
  const [{ createProofRequests }, { createVerify }, { createVerifyCurrentPassword }] = await Promise.all([
    import('../verification/requests.ts'), import('../verification/verify.ts'), import('../users/current-password.ts')
  ])
  const allow = await loadAllowTextMessage(parts)
  const [{ createIdentifierChanges }, { createChangeNotices }, { createUndo }, { holdsOf }] = await Promise.all([
    import('../verification/changes.ts'), import('../verification/change-notices.ts'), import('../verification/undo.ts'), import('./removal.ts')
  ])
  const { appKeys, store, events, config, clock, mail, sms, throttle, links } = parts
  const { attributes, records: users, passwordPolicy, passwordChanged, domains } = parts.users
  const tokens = createOneTimeTokens({ store: store.oneTimeTokens, keys: deriveKeys(appKeys, CODE_KEYS) })
  const verifiable = attributes.filter(({ channel }) => channel !== null).map(({ name }) => name)
  const redemption = createRedemption({ tokens, users, verifiable, events })
  const shared = {
    attributes, users, tokens, redemption, throttle, mail, sms: { ...sms, allow }, events, outbox: store.outbox, monotonic: clock.monotonic
  }
  const forgotUrl = () => `${config.issuer}/password/forgot`
  const pages = () => ({ loginUrl: new URL(config.loginPath, config.issuer).href, resetUrl: forgotUrl() })
  const notices = createChangeNotices({ ...shared, undoLink: links.undo, forgotUrl, now: clock.now })
  const changes = createIdentifierChanges({ ...shared, notices, holds: holdsOf(parts), pages })
  return {
    tokens,
    redemption,
    changes,
    undo: createUndo({ tokens, users, notices, events }),
    newPassword: createNewPassword({ ...shared, passwordPolicy, passwordRefusal: domains?.passwordRefusal, passwordChanged }),
    requests: createProofRequests({ ...shared, pages }),
    verify: createVerify({
      ...shared, changes, verifyCurrent: createVerifyCurrentPassword({ users, throttle }), accountUrl: () => `${config.issuer}/account`
    })
  }
}
