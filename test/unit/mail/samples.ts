import type { MailModels, MailName } from '../../../src/mail/models.ts'

const at = new Date('2026-11-24T13:05:00Z')
const url = 'https://id.example/account'

/** A model of each message. */
export const mailSamples: { [Name in MailName]: MailModels[Name] } = {
  verify: { url: 'https://id.example/email/verify?token=lk_ot_abc', code: '482913', expiresIn: 3600 },
  taken: { loginUrl: 'https://id.example/login', resetUrl: 'https://id.example/password/forgot' },
  welcome: { url },
  verified: { url },
  reset: { url: 'https://id.example/password/reset?token=lk_ot_abc&email=ada%40example.com', code: '482913', expiresIn: 3600 },
  passwordChanged: { at, url },
  newDevice: { at, url },
  identityLinked: { at, url, provider: 'Google' },
  identityUnlinked: { at, url, provider: 'Google' },
  factorAdded: { at, url, factor: 'totp' },
  factorRemoved: { at, url, factor: 'passkey' },
  identifierChange: { url, code: '482913', expiresIn: 600 },
  identifierChanged: { attribute: 'email', at, undoUrl: 'https://id.example/undo?token=lk_ot_abc', expiresIn: 72 * 3600 },
  changeUndone: { attribute: 'email', at, url },
  identifierTaken: { loginUrl: 'https://id.example/login' },
  deletionScheduled: { at, restoreUrl: 'https://id.example/login' },
  restored: { at, url },
  invitation: { url, expiresIn: 86_400 },
  test: {}
}
