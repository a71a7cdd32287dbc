import { validate as isUuid } from 'uuid'
import type { AuditLine } from '../events/audit.store.ts'
import { isClientId } from '../crypto/secrets.ts'
import type { Context } from './context.ts'
import { findClient } from './find-client.ts'
import { findUser } from './find-user.ts'
import { table, type Result } from './result.ts'

export type AuditArgs = { user?: string, client?: string, type?: string, since?: Date, limit?: number }

/** Audit events, newest first. Users and clients named by an id may no longer exist. */
export async function audit ({ config, withCore }: Context, { user, client, type, since, limit = 50 }: AuditArgs): Promise<Result> {
  const events = await withCore(async ({ store }) => {
    const userId = user === undefined || isUuid(user) ? user : await findUser(config, store, user)
    const clientId = client === undefined || isClientId(client) ? client : (await findClient(store, client)).id
    return await store.audit.list({ userId, clientId, type, since, limit })
  })
  return { json: { events: events.map(json) }, lines: table(['AT', 'TYPE', 'USER', 'CLIENT', 'ADDRESS', 'DETAIL'], events.map(row)) }
}

function json ({ id, createdAt, type, userId, clientId, sessionId, ip, userAgent, detail }: AuditLine): object {
  return {
    id, at: createdAt.toISOString(), type, user_id: userId, client_id: clientId, session_id: sessionId, ip, user_agent: userAgent,
    detail
  }
}

function row ({ createdAt, type, userId, clientId, ip, detail }: AuditLine): string[] {
  return [createdAt.toISOString(), type, userId ?? '-', clientId ?? '-', ip ?? '-', details(detail)]
}

function details (detail: object): string {
  return Object.entries(detail).map(([name, value]) => `${name}=${Array.isArray(value) ? value.join(',') : String(value)}`).join(' ') || '-'
}
