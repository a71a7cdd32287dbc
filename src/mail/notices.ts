import type { MailName } from './models.ts'

/**
 * Mails that only tell of something. Each can be turned off; every other mail carries what its reader asked for, or a way to undo what it
 * tells of, and is always sent.
 */
export const noticeNames = ['welcome', 'verified', 'passwordChanged', 'newDevice', 'factorAdded', 'factorRemoved', 'identityLinked', 'identityUnlinked', 'restored'] as const satisfies MailName[]

export type NoticeName = typeof noticeNames[number]
/** False: it is not sent. */
export type Notices = Record<NoticeName, boolean>

/** The only place that decides whether a mail is turned off. */
export function isTurnedOff (name: MailName, notices: Partial<Notices>): boolean {
  return (notices as Partial<Record<MailName, boolean>>)[name] === false
}
