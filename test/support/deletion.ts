import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { internals } from '../../plugins/internals.ts'
import { purge, type Purged } from '../../src/maintenance/purge.ts'
import { userPurgeOf } from '../../src/compose/removal.ts'
import type { Refused } from '../../src/maintenance/user-purge.ts'
import { query } from '../unit/database/embedded-helper.ts'
import { call } from './machines.ts'
import { login } from './start-server.ts'

export const DAYS_OF_GRACE = 14
export const DAY = 86_400

export const requestDeletion = (app: FastifyInstance, accessToken: string, body?: object): Promise<LightMyRequestResponse> =>
  call(app, 'DELETE', '/v1/profile', accessToken, body)

export const restore = (app: FastifyInstance, authSession: string): Promise<LightMyRequestResponse> =>
  call(app, 'POST', '/v1/profile/restore', undefined, { auth_session: authSession })

/** The `auth_session` of a login that is refused since the account will be deleted. */
export async function leavingLogin (app: FastifyInstance, fields: Record<string, string> = { email: 'ada@example.com' }): Promise<string> {
  const answer = await login(app, fields)
  const { code, auth_session: text } = answer.json<{ code?: string, auth_session?: string }>()
  if (answer.statusCode !== 403 || code !== 'LK_DELETION_SCHEDULED' || text === undefined) throw new Error(`not refused as leaving: ${answer.body}`)
  return text
}

/** What the job of the process does. @param refused collects whom the database did not let go */
export async function purgeNow (app: FastifyInstance, refused: Refused[] = []): Promise<Purged | null> {
  const services = internals(app)
  const users = userPurgeOf({ ...services, onRefused: (each) => refused.push(each) })
  const options = { expired: true, revoked: false, keep: 0, auditRetention: 90 * DAY, users }
  return await purge(services.store.purge, options, new AbortController().signal)
}

/** Rows of any table that contain one of the texts. */
export async function rowsWith (databaseUrl: string, texts: string[]): Promise<{ table: string, text: string }[]> {
  const tables = await query(
    databaseUrl,
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' AND table_name <> '_prisma_migrations'"
  ) as { name: string }[]
  const found = await Promise.all(tables.map(async ({ name }) => {
    const rows = await query(databaseUrl, `SELECT to_jsonb(r) AS row FROM "${name}" r`) as { row: { type?: string } }[]
    return rows.filter(({ row }) => texts.some((text) => JSON.stringify(row).includes(text))).map(({ row }) => ({
      table: name,
      text: row.type ?? JSON.stringify(row)
    }))
  }))
  return found.flat()
}
