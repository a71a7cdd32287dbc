import type { Database } from '../database/client.ts'
import type { Revocation } from '../revocation/revocation-list.ts'
import type { RevocationStore } from '../revocation/revocations.store.ts'
import { lockUserOfToken, redeemSql } from '../verification/redeem-sql.ts'
import { nextEpoch } from './epoch-sql.ts'
import type { UndoneChange } from './identifier-change.ts'
import type { UserStore } from './ports.ts'

type Row = UndoneChange & { revocation: Revocation | null, proven: boolean }

/** SQL on the redeemed token `r`: its link has come back from an address that was not verified before, so nothing was made by its owner. */
const isFirstProof = (identifiers: string) => `(r.payload->'proves' = 'true' AND EXISTS (SELECT FROM ${identifiers} i
  WHERE i.attribute = r.attribute AND i.value = r.value AND i.verified_at IS NULL))`

/**
 * Undoes a change of an identifier, with all later ones: whoever had taken over the account may have changed more than one, and more than
 * once, and the links that they got to undo their own changes end. Everything of the user ends, and so do the consents given since,
 * the clients registered or changed since and the ways in through providers added since. With the first proof of an address all of these
 * end.
 */
export function createUndo ({ tables }: Database, revocations: RevocationStore): Pick<UserStore, 'undoChange'> {
  const { users, identifiers, consents, clients, one_time_tokens: tokens, social_accounts: socialAccounts } = tables
  const { factors, recovery_codes: codes, passkeys, remembered_browsers: remembered } = tables
  const isFirst = isFirstProof(identifiers)
  const undoSql = `WITH valid AS (SELECT t.created_at FROM ${tokens} t WHERE t.hash = $1),
      redeemed AS (${redeemSql(tables, '$1', "'undo'", `(t.value IS NULL OR EXISTS (SELECT FROM ${identifiers} i
        WHERE i.attribute = t.attribute AND i.value = t.value AND i.released_from = u.id))`)}),
      later AS (DELETE FROM ${tokens} t USING redeemed r, valid v
        WHERE t.user_id = r.user_id AND t.purpose = 'undo' AND t.hash <> $1 AND t.created_at >= v.created_at RETURNING t.attribute, t.value, t.created_at),
      earliest AS (SELECT DISTINCT ON (attribute) attribute, value FROM (
          SELECT r.attribute, r.value, v.created_at FROM redeemed r, valid v UNION ALL SELECT * FROM later) AS c ORDER BY attribute, created_at),
      gone AS (DELETE FROM ${identifiers} i USING redeemed r, earliest e
        WHERE i.user_id = r.user_id AND i.attribute = e.attribute AND i.value IS DISTINCT FROM e.value),
      consents_gone AS (DELETE FROM ${consents} s USING redeemed r, valid v WHERE s.user_id = r.user_id AND (s.updated_at >= v.created_at OR ${isFirst})),
      identities_gone AS (DELETE FROM ${socialAccounts} s USING redeemed r, valid v WHERE s.user_id = r.user_id AND (s.created_at >= v.created_at OR ${isFirst})),
      factors_gone AS (DELETE FROM ${factors} s USING redeemed r, valid v WHERE s.user_id = r.user_id AND (coalesce(s.confirmed_at, now()) >= v.created_at OR ${isFirst})),
      passkeys_gone AS (DELETE FROM ${passkeys} s USING redeemed r, valid v WHERE s.user_id = r.user_id AND (s.created_at >= v.created_at OR ${isFirst})),
      codes_gone AS (DELETE FROM ${codes} s USING redeemed r, valid v WHERE s.user_id = r.user_id AND (s.created_at >= v.created_at OR ${isFirst})),
      remembered_gone AS (DELETE FROM ${remembered} s USING redeemed r WHERE s.user_id = r.user_id),
      revoked AS (UPDATE ${clients} o SET revoked_at = now(), slug = NULL, updated_at = now() FROM redeemed r, valid v
        WHERE o.owner_id = r.user_id AND o.revoked_at IS NULL AND (o.updated_at >= v.created_at OR ${isFirst}) RETURNING o.id),
      changed AS (UPDATE ${users} u SET password_hash = NULL, password_channel = NULL, password_stamp = u.password_stamp + 1, token_epoch = ${nextEpoch('u.token_epoch')},
          second_factor = EXISTS (SELECT FROM ${factors} f, valid v WHERE f.user_id = u.id AND f.confirmed_at < v.created_at AND NOT ${isFirst}), updated_at = now(), claims_changed_at = now()
        FROM redeemed r WHERE u.id = r.user_id RETURNING u.id, u.token_epoch, r.attribute, r.value, r.payload->'proves' = 'true' AS proven),
      listed AS (${revocations.insertSql(`SELECT 'user', id::text, NULL::text, token_epoch, '{}'::uuid[] FROM changed
        UNION ALL SELECT 'client', id, NULL, NULL::int, '{}'::uuid[] FROM revoked`)})
    SELECT c.id AS "userId", c.attribute, c.value, coalesce(c.proven, false) AS proven,
      (SELECT json_agg(json_build_object('attribute', e.attribute, 'value', e.value) ORDER BY e.attribute) FROM earliest e) AS restored,
      ARRAY(SELECT id FROM revoked ORDER BY id) AS clients, l.revocation
    FROM changed c LEFT JOIN listed l ON true`

  const undoChange: UserStore['undoChange'] = async (hash, also = async () => {}) => {
    const query = { name: 'identifier-undo', text: undoSql, values: [hash] }
    const [row] = await revocations.runLocked<Row>(lockUserOfToken(tables, hash), query, async (transaction, [found]) => {
      if (!found) return
      const { userId, attribute, value, proven, restored } = found
      await transaction.query(
        `UPDATE ${identifiers} i SET user_id = $1, released_from = NULL, released_at = NULL, decoy = NULL,
           verified_at = CASE WHEN $4 AND i.attribute = $5 AND i.value = $6 THEN coalesce(i.verified_at, now()) ELSE i.verified_at END
         FROM unnest($2::text[], $3::text[]) AS w (attribute, value)
         WHERE i.attribute = w.attribute AND i.value = w.value AND i.released_from = $1`,
        [userId, restored.map((one) => one.attribute), restored.map((one) => one.value), proven, attribute, value]
      )
      await also(transaction, undoneOf(found))
    })
    return row ? undoneOf(row) : null
  }

  return { undoChange }
}

function undoneOf ({ userId, attribute, value, restored, clients }: Row): UndoneChange {
  return { userId, attribute, value, restored, clients }
}
