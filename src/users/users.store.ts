import { v7 as uuidv7 } from 'uuid'
import type { Database } from '../database/client.ts'
import { inTransaction, type Transaction } from '../database/transaction.ts'
import type { Revocation } from '../revocation/revocation-list.ts'
import type { Identifier } from './attributes.ts'
import type { NewUser, OwnUser, Profile, UserStore } from './ports.ts'
import type { ProfileData } from './profile-fields.ts'
import { createWaitingUsers } from './waiting-users.store.ts'
import { endedSql, keepSql, lockUser, nextEpoch } from './epoch-sql.ts'
import type { RevocationStore } from '../revocation/revocations.store.ts'
import { atFirstUse } from '../runtime/at-first-use.ts'
import { isDue, isRestorable, mayLogIn } from './deletion-sql.ts'
import { columnsOf } from './identifier-columns.ts'

/** One row per identifier, or a single row without one. */
type ProfileRow = Omit<Profile, 'identifiers'> & { attribute: string | null, display: string, verifiedAt: Date | null }

/** Columns of a user `u` with an identifier `i`. */
const profileColumns =
  'u.id, u.name, u.locale, u.profile, u.disabled_at AS "disabledAt", u.created_at AS "createdAt", u.claims_changed_at AS "claimsChangedAt", i.attribute, i.display, i.verified_at AS "verifiedAt"'

type Revoked = { revocation: Revocation | null }

const PROFILE = {
  id: true,
  name: true,
  locale: true,
  profile: true,
  disabledAt: true,
  createdAt: true,
  claimsChangedAt: true,
  identifiers: { select: { attribute: true, display: true, verifiedAt: true }, orderBy: { attribute: 'asc' } }
} as const

const UNIQUE_VIOLATION = '23505'

export function createUserStore (database: Database, revocations: RevocationStore): UserStore {
  const { prisma, pool, tables } = database
  const { users, identifiers } = tables
  const columns = `u.id, u.password_hash AS "passwordHash", u.password_stamp AS "passwordStamp", u.disabled_at IS NOT NULL OR coalesce(${isDue}, false) AS disabled, coalesce(${isRestorable}, false) AS "isLeaving", u.second_factor AS "secondFactor"`

  /** @param attributes parameter: of which one must be verified */
  const verifiedSql = (attributes: string) =>
    `EXISTS (SELECT FROM ${identifiers} v WHERE v.user_id = u.id AND v.attribute = ANY (${attributes}) AND v.verified_at IS NOT NULL)`
  const byIdentifiers = (selected: string) => `SELECT ${selected} FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS w (attribute, value, position)
    JOIN ${identifiers} i USING (attribute, value) JOIN ${users} u ON u.id = i.user_id ORDER BY w.position LIMIT 1`
  const byIdentifiersSql = byIdentifiers(columns)
  const verifiedByIdentifiersSql = byIdentifiers(`${columns}, ${verifiedSql('$3::text[]')} AS verified`)

  async function findByIdentifiers (wanted: Identifier[], attributes: readonly string[] = []): Promise<OwnUser | null> {
    const [names, values] = columnsOf(wanted)
    const { rows } = await pool.query<OwnUser>(attributes.length === 0
      ? { name: 'user-by-identifiers', text: byIdentifiersSql, values: [names, values] }
      : { name: 'verified-user-by-identifiers', text: verifiedByIdentifiersSql, values: [names, values, attributes] })
    return rows[0] ?? null
  }

  async function hasVerified (id: string, attributes: readonly string[]): Promise<boolean> {
    const { rows } = await pool.query<{ verified: boolean }>({
      name: 'user-verified', text: `SELECT ${verifiedSql('$2::text[]')} AS verified FROM ${users} u WHERE u.id = $1`, values: [id, attributes]
    })
    return rows[0]?.verified === true
  }

  async function find (id: string): Promise<OwnUser | null> {
    const { rows } = await pool.query<OwnUser>({
      name: 'user-by-id', text: `SELECT ${columns} FROM ${users} u WHERE u.id = $1`,
      values: [id]
    })
    return rows[0] ?? null
  }

  async function profile (id: string): Promise<Profile | null> {
    const { rows } = await pool.query<ProfileRow>({
      name: 'user-profile',
      text: `SELECT ${profileColumns} FROM ${users} u LEFT JOIN ${identifiers} i ON i.user_id = u.id WHERE u.id = $1 ORDER BY i.attribute`,
      values: [id]
    })
    return profileOf(rows)
  }

  const list: UserStore['list'] = async ({ after, limit }) => {
    const found = await (await prisma()).user.findMany({
      select: PROFILE, orderBy: { id: 'asc' }, take: limit, ...(after && { where: { id: { gt: after } } })
    })
    return found.map(({ profile, ...user }) => ({ ...user, ...withProfile(profile as ProfileData) }))
  }

  async function taken (wanted: Identifier[], except?: string): Promise<string[]> {
    if (wanted.length === 0) return []
    const { rows } = await pool.query<{ attribute: string }>({
      name: 'identifiers-taken',
      text: `SELECT i.attribute FROM unnest($1::text[], $2::text[]) AS w (attribute, value) JOIN ${identifiers} i USING (attribute, value) WHERE $3::uuid IS NULL OR coalesce(i.user_id, i.released_from) IS DISTINCT FROM $3`,
      values: [...columnsOf(wanted).slice(0, 2), except]
    })
    return rows.map(({ attribute }) => attribute)
  }

  const madeByForm: UserStore['madeByForm'] = async ({ attribute, value }, form, seconds) => {
    const { rows } = await pool.query<OwnUser>({
      name: 'user-made-by-form',
      text: `SELECT ${columns} FROM ${identifiers} i JOIN ${users} u ON u.id = i.user_id
        WHERE i.attribute = $1 AND i.value = $2 AND u.made_by_form = $3 AND u.created_at > now() - $4 * interval '1 second' AND u.disabled_at IS NULL`,
      values: [attribute, value, form, seconds]
    })
    return rows[0] ?? null
  }

  // Of two at once with the same invitation, one finds it
  const createSql = `WITH redeemed AS (DELETE FROM ${tables.one_time_tokens} t WHERE t.hash = $8 AND t.purpose = 'invite' AND t.expires_at > now() RETURNING t.attribute, t.value),
      u AS (INSERT INTO ${users} (id, name, password_hash, made_by_form, locale, terms_version, terms_accepted_at, profile)
        SELECT $1::uuid, $2::text, $3::text, $7::bytea, $9::text, $13::text, CASE WHEN $13::text IS NOT NULL THEN now() END, coalesce($14::jsonb, '{}')
        WHERE $8::bytea IS NULL OR EXISTS (SELECT FROM redeemed) RETURNING id, name, locale, profile, disabled_at, created_at, claims_changed_at),
      i AS (INSERT INTO ${identifiers} (attribute, value, display, user_id, verified_at, claimed_until, decoy)
        SELECT w.attribute, w.value, w.display, u.id, CASE WHEN w.attribute = ANY ($15::text[]) OR EXISTS (SELECT FROM redeemed r WHERE r.attribute = w.attribute AND r.value = w.value) THEN now() END,
          CASE WHEN w.attribute <> $10::text THEN now() + $11 * interval '1 second' END, $12::jsonb
        FROM u, unnest($4::text[], $5::text[], $6::text[]) AS w (attribute, value, display) RETURNING attribute, display, verified_at)
    SELECT ${profileColumns} FROM u LEFT JOIN i ON true ORDER BY i.attribute`

  const insertUser = (
    { name, passwordHash, identifiers: given, madeByForm, locale, invitation, waiting, termsVersion, profile, verified = [] }: NewUser
  ) => ({
    name: 'user-create',
    text: createSql,
    values: [
      uuidv7(), name, passwordHash, ...columnsOf(given), madeByForm, invitation, locale,
      waiting?.address.attribute, waiting?.claimedFor, waiting && JSON.stringify(waiting.decoy), termsVersion,
      profile && JSON.stringify(profile), verified
    ]
  })

  const create: UserStore['create'] = async (user, also) => {
    const insert = async (client: Pick<Transaction, 'query'>) => profileOf((await client.query<ProfileRow>(insertUser(user))).rows)
    try {
      if (!also) return await insert(pool)
      return await inTransaction(pool, async (client) => {
        const created = await insert(client)
        if (created) await also(client, created)
        return created
      })
    } catch (error) {
      if ((error as { code?: unknown }).code === UNIQUE_VIOLATION) return null
      throw error
    }
  }

  async function rehash (userId: string, passwordStamp: number, newHash: string): Promise<void> {
    await pool.query({
      name: 'user-rehash', text: `UPDATE ${users} SET password_hash = $3 WHERE id = $1 AND password_stamp = $2`,
      values: [userId, passwordStamp, newHash]
    })
  }

  const changePassword: UserStore['changePassword'] = async ({ userId, passwordHash, passwordStamp, keepSession }, also) => {
    const rows = await revocations.runLocked<Revoked>(lockUser(tables, userId, 'NO KEY UPDATE'), {
      text: `WITH changed AS (UPDATE ${users} u SET password_hash = $2, password_channel = NULL, password_stamp = u.password_stamp + 1, token_epoch = ${nextEpoch('u.token_epoch')}, updated_at = now()
          FROM ${users} o WHERE u.id = $1 AND o.id = u.id AND u.password_stamp = $3 AND ${mayLogIn} RETURNING u.id, u.token_epoch, o.token_epoch AS before),
        ${keepSql(tables, 'changed', 's.id = $4')}
        ${revocations.insertSql(endedSql('changed'))}`,
      values: [userId, passwordHash, passwordStamp, keepSession]
    }, async (transaction, changed) => { if (changed.length > 0) await also?.(transaction) })
    return rows.length > 0
  }

  // What no start and no login needs is loaded at its first use
  const changes = atFirstUse(async () => (await import('./identifier-changes.store.ts')).createIdentifierChanges(database), [
    'changeProfile', 'identifiers', 'confirmChange'
  ])
  const { undoChange } = atFirstUse(async () => (await import('./undo.store.ts')).createUndo(database, revocations), ['undoChange'])
  const { recipient } = atFirstUse(async () => (await import('./recipients.store.ts')).createRecipients(database), ['recipient'])
  const { verifyIdentifier, resetPassword } = atFirstUse(
    async () => (await import('./proofs.store.ts')).createProofs(database, revocations), ['verifyIdentifier', 'resetPassword']
  )

  const changeProfile: UserStore['changeProfile'] = async (change, also) => {
    const outcome = await changes.changeProfile(change, also)
    return outcome === 'changed' ? await profile(change.userId) ?? 'stale' : outcome
  }

  async function setDisabled (id: string, disabled: boolean): Promise<boolean> {
    if (!disabled) return (await (await prisma()).user.updateMany({ where: { id }, data: { disabledAt: null } })).count > 0
    const rows = await revocations.run<Revoked>({
      text: `WITH ended AS (UPDATE ${users} SET disabled_at = coalesce(disabled_at, now()), token_epoch = ${nextEpoch('token_epoch')}, updated_at = now() WHERE id = $1 RETURNING id, token_epoch)
        ${revocations.insertSql("SELECT 'user', id::text, NULL::text, token_epoch, '{}'::uuid[] FROM ended")}`,
      values: [id]
    })
    return rows.length > 0
  }

  /** Replaces the many rows of a user who logs in and out repeatedly by one; active sessions continue. */
  async function foldRevocations (id: string): Promise<void> {
    await revocations.runLocked<Revoked>(lockUser(tables, id, 'UPDATE'), {
      text: `WITH raised AS (UPDATE ${users} u SET token_epoch = ${nextEpoch('u.token_epoch')} FROM ${users} o WHERE u.id = $1 AND o.id = u.id RETURNING u.id, u.token_epoch, o.token_epoch AS before),
        ${keepSql(tables, 'raised', "coalesce(s.expires_at, 'infinity') > now()")},
        folded AS (DELETE FROM ${tables.revocations} r USING raised WHERE r.owner = raised.id::text AND r.epoch < raised.token_epoch)
        ${revocations.insertSql(endedSql('raised'))}`,
      values: [id]
    })
  }

  return {
    findByIdentifiers, find, hasVerified, profile, list, taken, madeByForm, create, rehash, changePassword, changeProfile, setDisabled,
    ...createWaitingUsers(database, { insertUser, columns, verifiedSql }),
    foldRevocations, verifyIdentifier, resetPassword, recipient, undoChange,
    identifiers: changes.identifiers, confirmChange: changes.confirmChange
  }
}

function profileOf (rows: ProfileRow[]): Profile | null {
  const [user] = rows
  if (!user) return null
  const { id, name, locale, profile, disabledAt, createdAt, claimsChangedAt } = user
  return {
    id, name, locale, ...withProfile(profile), disabledAt, createdAt, claimsChangedAt,
    identifiers: rows.flatMap(({ attribute, display, verifiedAt }) => attribute === null ? [] : { attribute, display, verifiedAt })
  }
}

/** Nobody has anything in it where there is no option `profile`. */
function withProfile (profile: ProfileData = {}): { profile?: ProfileData } {
  return Object.keys(profile).length > 0 ? { profile } : {}
}
