import type { Database } from '../database/client.ts'
import type { Transaction } from '../database/transaction.ts'
import type { Revocation } from '../revocation/revocation-list.ts'
import type { RevocationStore } from '../revocation/revocations.store.ts'
import { lockUserOfToken, redeemSql } from '../verification/redeem-sql.ts'
import { nextEpoch } from './epoch-sql.ts'
import type { Proof, UserStore } from './ports.ts'

type Effect = {
  purpose: 'verify' | 'reset'
  /** SQL on the proof `p`: the password is replaced and everything of the user ends. */
  ends: string
  /** SQL: the new password hash. */
  password: string
  /** SQL on the proof `p`: who had the account before may not have been the owner of the identifier. */
  cleans: string
}

type Row = Proof & { revocation: Revocation | null }

/**
 * Statements that redeem a token together with its effect. The first proof of an identifier from elsewhere than the account itself removes
 * what somebody else may have prepared: whoever registers a stranger's address must not keep access when the stranger takes it over.
 */
export function createProofs ({ tables }: Database, revocations: RevocationStore): Pick<UserStore, 'verifyIdentifier' | 'resetPassword'> {
  const { users, identifiers, consents, clients, social_accounts: socialAccounts } = tables
  const { factors, recovery_codes: codes, passkeys, remembered_browsers: remembered } = tables

  /** $1: hash of the token, $2: the user whose it must be, or null, $3: attributes that can be verified, $4 by the effect. */
  const effectSql = ({ purpose, ends, password, cleans }: Effect) =>
    `WITH redeemed AS (${redeemSql(tables, '$1', `'${purpose}'`, `($2::uuid IS NULL OR u.id = $2)
        AND (t.attribute IS NULL OR EXISTS (SELECT FROM ${identifiers} i WHERE i.user_id = u.id AND i.attribute = t.attribute AND i.value = t.value))`)}),
      proof AS (SELECT r.user_id, r.attribute, r.payload->>'channel' AS channel, i.display, i.attribute IS NOT NULL AND i.verified_at IS NULL AS first,
          w.claims_changed_at IS NULL AND w.created_at > now() - interval '30 days'
            AND NOT EXISTS (SELECT FROM ${identifiers} v WHERE v.user_id = r.user_id AND v.verified_at IS NOT NULL) AS is_new
        FROM redeemed r JOIN ${users} w ON w.id = r.user_id LEFT JOIN ${identifiers} i ON i.user_id = r.user_id AND i.attribute = r.attribute),
      verified AS (UPDATE ${identifiers} i SET claimed_until = NULL, decoy = CASE WHEN ${cleans} THEN i.decoy END,
          verified_at = CASE WHEN i.attribute = p.attribute THEN now() ELSE i.verified_at END
        FROM proof p WHERE p.first AND i.user_id = p.user_id AND (i.attribute = p.attribute OR i.claimed_until IS NOT NULL OR i.decoy IS NOT NULL)
          AND NOT ((${cleans}) AND i.attribute <> p.attribute AND i.attribute = ANY ($3) AND i.verified_at IS NULL)),
      changed AS (UPDATE ${users} u SET updated_at = now(), claims_changed_at = CASE WHEN p.first THEN now() ELSE u.claims_changed_at END,
          password_hash = CASE WHEN ${ends} THEN ${password} ELSE u.password_hash END, password_stamp = u.password_stamp + (${ends})::int,
          password_channel = CASE WHEN ${ends} THEN p.channel ELSE u.password_channel END,
          second_factor = u.second_factor AND NOT (${cleans}),
          token_epoch = CASE WHEN ${ends} THEN ${nextEpoch('u.token_epoch')} ELSE u.token_epoch END
        FROM proof p WHERE u.id = p.user_id RETURNING u.id, u.token_epoch, u.name, u.locale, p.attribute, p.display, p.first, p.first AND p.is_new AS is_new, ${ends} AS ends, ${cleans} AS cleaned),
      removed AS (DELETE FROM ${identifiers} i USING changed c
        WHERE c.cleaned AND i.user_id = c.id AND i.attribute <> c.attribute AND i.attribute = ANY ($3) AND i.verified_at IS NULL RETURNING i.attribute),
      consents_gone AS (DELETE FROM ${consents} s USING changed c WHERE c.cleaned AND s.user_id = c.id),
      identities_gone AS (DELETE FROM ${socialAccounts} s USING changed c WHERE c.cleaned AND s.user_id = c.id),
      factors_gone AS (DELETE FROM ${factors} s USING changed c WHERE c.cleaned AND s.user_id = c.id),
      passkeys_gone AS (DELETE FROM ${passkeys} s USING changed c WHERE c.cleaned AND s.user_id = c.id),
      codes_gone AS (DELETE FROM ${codes} s USING changed c WHERE c.cleaned AND s.user_id = c.id),
      remembered_gone AS (DELETE FROM ${remembered} s USING changed c WHERE c.cleaned AND s.user_id = c.id),
      revoked AS (UPDATE ${clients} o SET revoked_at = now(), slug = NULL, updated_at = now() FROM changed c
        WHERE c.cleaned AND o.owner_id = c.id AND o.revoked_at IS NULL RETURNING o.id),
      listed AS (${revocations.insertSql(`SELECT 'user', id::text, NULL::text, token_epoch, '{}'::uuid[] FROM changed WHERE ends
        UNION ALL SELECT 'client', id, NULL, NULL::int, '{}'::uuid[] FROM revoked`)})
    SELECT c.id AS "userId", c.attribute, c.display, c.name, c.locale, c.first, c.is_new AS "isNew", c.cleaned, ARRAY(SELECT attribute FROM removed ORDER BY attribute) AS removed,
      ARRAY(SELECT id FROM revoked ORDER BY id) AS clients, l.revocation
    FROM changed c LEFT JOIN listed l ON true`

  const verifySql =
    effectSql({ purpose: 'verify', ends: 'p.first AND NOT $4::boolean', password: 'NULL', cleans: 'p.first AND NOT $4::boolean' })
  const resetSql = effectSql({ purpose: 'reset', ends: 'true', password: '$4::text', cleans: 'p.first' })

  async function redeem (
    name: string,
    text: string,
    [hash, ...values]: [Uint8Array, ...unknown[]],
    also?: (transaction: Transaction, proof: Proof) => Promise<void>
  ): Promise<Proof | null> {
    const query = { name, text, values: [hash, ...values] }
    const [row] = await revocations.runLocked<Row>(lockUserOfToken(tables, hash), query, async (transaction, [found]) => {
      if (found) await also?.(transaction, proofOf(found))
    })
    return row ? proofOf(row) : null
  }

  return {
    verifyIdentifier: ({ hash, userId = null, keeps, verifiable }, also) =>
      redeem('identifier-verify', verifySql, [hash, userId, verifiable, keeps], also),
    resetPassword: ({ hash, passwordHash, verifiable }, also) =>
      redeem('password-reset', resetSql, [hash, null, verifiable, passwordHash], also)
  }
}

function proofOf ({ revocation: _revocation, ...proof }: Row): Proof {
  return proof
}
