import type { Database } from '../database/client.ts'
import { inTransaction, type Transaction } from '../database/transaction.ts'
import type { NewSocialAccount, SocialAccount, SocialAccountStore } from '../social/ports.ts'
import { mayLogIn } from './deletion-sql.ts'

export function createSocialAccountStore ({ pool, tables }: Database): SocialAccountStore {
  const { social_accounts: accounts, identifiers, users } = tables
  const columnsOf = ({ provider, subject, email, name }: NewSocialAccount) => [provider, subject, email, name]
  /** First in every transaction: what follows then sees what earlier ones have done. */
  const lock = (client: Transaction, userId: string) => client.query(`SELECT FROM ${users} WHERE id = $1 FOR NO KEY UPDATE`, [userId])

  /** $1 to $4: the account. Of two at once, one inserts it. @param user SQL that selects the id of the user */
  const insertSql = (user: string) => `INSERT INTO ${accounts} (provider, subject, email, name, user_id)
    SELECT $1::text, $2::text, $3::text, $4::text, id FROM (${user}) AS w ON CONFLICT (provider, subject) DO NOTHING RETURNING user_id AS "userId"`

  async function ownerOf (client: Pick<Transaction, 'query'>, { provider, subject }: Pick<SocialAccount, 'provider' | 'subject'>): Promise<string | null> {
    const { rows } = await client.query<{ userId: string }>({
      name: 'social-owner', text: `SELECT user_id AS "userId" FROM ${accounts} WHERE provider = $1 AND subject = $2`, values: [provider, subject]
    })
    return rows[0]?.userId ?? null
  }

  return {
    async use (account) {
      const { rows } = await pool.query<{ userId: string, passwordStamp: number }>({
        name: 'social-use',
        text: `UPDATE ${accounts} a SET last_used_at = now(), email = coalesce($3, a.email), name = coalesce($4, a.name) FROM ${users} u
          WHERE a.provider = $1 AND a.subject = $2 AND u.id = a.user_id RETURNING u.id AS "userId", u.password_stamp AS "passwordStamp"`,
        values: columnsOf(account)
      })
      return rows[0] ?? null
    },

    async verifiedOwner ({ attribute, value }) {
      const { rows } = await pool.query<{ userId: string }>({
        name: 'social-verified-owner',
        text: `SELECT user_id AS "userId" FROM ${identifiers} WHERE attribute = $1 AND value = $2 AND user_id IS NOT NULL AND verified_at IS NOT NULL`,
        values: [attribute, value]
      })
      return rows[0]?.userId ?? null
    },

    join: async (account, { userId, identifier: { attribute, value } }, also) => await inTransaction(pool, async (client) => {
      await lock(client, userId)
      const user = `SELECT u.id FROM ${identifiers} i JOIN ${users} u ON u.id = i.user_id
        WHERE u.id = $5 AND i.attribute = $6 AND i.value = $7 AND i.verified_at IS NOT NULL AND ${mayLogIn}
          AND NOT EXISTS (SELECT FROM ${accounts} o WHERE o.user_id = u.id AND o.provider = $1)`
      const { rows } = await client.query(insertSql(user), [...columnsOf(account), userId, attribute, value])
      if (rows.length > 0) await also(client)
      return rows.length > 0
    }),

    link: async (account, { userId, tokenEpoch }, also) => await inTransaction(pool, async (client) => {
      await lock(client, userId)
      const user = `SELECT u.id FROM ${users} u WHERE u.id = $5 AND u.token_epoch = $6 AND ${mayLogIn}`
      const { rows } = await client.query(insertSql(user), [...columnsOf(account), userId, tokenEpoch])
      if (rows.length > 0) {
        await also?.(client)
        return 'linked'
      }
      const owner = await ownerOf(client, account)
      if (owner === null) return 'gone'
      return owner === userId ? 'own' : 'taken'
    }),

    async insert (transaction, account, userId) {
      await transaction.query(
        `INSERT INTO ${accounts} (provider, subject, email, name, user_id) VALUES ($1, $2, $3, $4, $5)`, [...columnsOf(account), userId]
      )
    },

    unlink: async ({ userId, provider, subject }, ways, also) => await inTransaction(pool, async (client) => {
      await lock(client, userId)
      const { rowCount } = await client.query(
        `DELETE FROM ${accounts} a USING ${users} u WHERE a.user_id = $1 AND a.provider = $2 AND a.subject = $3 AND u.id = a.user_id AND (
          $4::text[] IS NULL OR ($6::boolean AND u.password_hash IS NOT NULL AND EXISTS (SELECT FROM ${identifiers} i WHERE i.user_id = u.id))
          OR EXISTS (SELECT FROM ${accounts} o WHERE o.user_id = u.id AND o.provider = ANY ($4::text[]) AND (o.provider, o.subject) <> (a.provider, a.subject))
          OR EXISTS (SELECT FROM ${identifiers} i WHERE i.user_id = u.id AND i.attribute = ANY ($5::text[]) AND i.verified_at IS NOT NULL))`,
        [userId, provider, subject, ways?.providers, ways?.mailboxes, ways?.password]
      )
      if (rowCount === 1) {
        await also?.(client)
        return 'unlinked'
      }
      return await ownerOf(client, { provider, subject }) === userId ? 'last' : 'unknown'
    }),

    async list (userId) {
      const { rows } = await pool.query<SocialAccount>({
        name: 'social-of-user',
        text: `SELECT provider, subject, user_id AS "userId", email, name, created_at AS "createdAt", last_used_at AS "lastUsedAt"
          FROM ${accounts} WHERE user_id = $1 ORDER BY created_at, provider, subject`,
        values: [userId]
      })
      return rows
    }
  }
}
