import { v7 as uuidv7 } from 'uuid'
import type { Context } from './context.ts'
import { table, type Result } from './result.ts'

/** Sends one mail at once, past the outbox, and says what the server answered. */
export async function testMail ({ config }: Pick<Context, 'config'>, { to }: { to: string }): Promise<Result> {
  const { loadTransports, messageIdOf } = await import('../compose/outbox.ts')
  const open = loadTransports(config).mail
  if (!open) throw new Error('There is no mail server to test: set SMTP_URL and MAIL_FROM')
  const id = uuidv7()
  const messageId = messageIdOf(config, id)
  const payload = { name: 'test', to: { address: to, verified: false }, model: {}, locale: config.defaultLanguage }
  await (await open()).send({ id, messageId, payload }, AbortSignal.timeout(SEND_MS))
  return { json: { to, messageId, accepted: true }, lines: [`The mail server accepted a mail to ${to} with the Message-ID ${messageId}`] }
}

const SEND_MS = 60_000

/** Messages that were given up, the latest first. */
export async function listMail ({ withCore }: Context, { limit }: { limit: number }): Promise<Result> {
  return await withCore(async ({ store }) => {
    const failed = await store.outbox.failed(limit)
    const rows = failed.map(({ id, kind, attempts, failedAt, expiresAt, lastError }) =>
      [id, kind, String(attempts), failedAt.toISOString(), expiresAt.toISOString(), lastError ?? ''])
    return {
      json: { messages: failed },
      lines: rows.length === 0 ? ['No message was given up'] : table(['ID', 'KIND', 'ATTEMPTS', 'GIVEN UP', 'EXPIRES', 'ERROR'], rows)
    }
  })
}

/** Has running servers try again what was given up and has not expired. */
export async function retryMail ({ withCore }: Context, ids: string[]): Promise<Result> {
  return await withCore(async ({ store }) => {
    const retried = await store.outbox.retryFailed(ids.length === 0 ? null : ids)
    return { json: { retried }, lines: [`${retried} ${retried === 1 ? 'message is' : 'messages are'} tried again by the next running server`] }
  })
}
