import type { FastifyInstance } from 'fastify'
import type { MailModels, MailName, Recipient } from '../../src/mail/models.ts'
import { internals } from '../../plugins/internals.ts'
import { sql } from './session-rows.ts'

export const FROM = 'Northwind <no-reply@northwind.example>'

/** Queues a mail as something that causes one does. @returns its id */
export async function queueMail<Name extends MailName> (
  app: FastifyInstance,
  name: Name,
  model: MailModels[Name],
  to: Recipient = { address: 'ada@example.com', verified: true },
  { locale = 'en', expiresIn = 3600 } = {}
): Promise<string> {
  const { mail, store } = internals(app)
  const entries = mail.queue(name, to, model, { locale, expiresIn })
  await store.outbox.write(entries)
  return entries[0]!.id
}

export type OutboxRow = { id: string, kind: string, attempts: number, failed_at: Date | null, last_error: string | null }

export const outboxRows = (app: FastifyInstance) => sql<OutboxRow>(app, 'SELECT * FROM outbox ORDER BY id')

/** Makes what waits for its next attempt due now, and tells the process. */
export async function dueNow (app: FastifyInstance): Promise<void> {
  await sql(app, 'UPDATE outbox SET next_attempt_at = now() WHERE next_attempt_at < \'infinity\'')
  internals(app).store.outbox.announce()
}
