import type { Database } from '../../src/database/client.ts'

/** An INSERT of events from a SELECT of type, user, client, session, address and agent. */
export function auditSql (events: string, from: string): string {
  return `INSERT INTO ${events} (id, type, user_id, client_id, session_id, ip, user_agent)
    SELECT gen_random_uuid(), e.* FROM (${from}) AS e (type, user_id, client_id, session_id, ip, user_agent)`
}

export function createAuditStore ({ prisma }: Database) {
  return {
    list: (limit: number) => prisma.auditEvent.findMany({ orderBy: { createdAt: 'desc' }, take: limit })
  }
}
