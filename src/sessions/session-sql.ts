import { mayLogIn } from '../users/deletion-sql.ts'

// Conditions on a session `s`, its user `u` and its client `c` that several statements share

/** @param row a session or browser session. Those of earlier versions do not say how the user logged in; there were only passwords */
export const amrOf = (row: string) => `CASE WHEN ${row}.amr = '{}' THEN '{pwd}' ELSE ${row}.amr END`
/** Of a user `u`: a second factor is among what a login has proven, if there is one. @param amr SQL */
export const provesFactor = (amr: string) => `(NOT u.second_factor OR 'mfa' = ANY (${amr}))`
/** When the user proved who they are, which earlier versions have not stored, and how. */
export const authenticationColumns =
  `coalesce(s.auth_time, to_timestamp((s.oidc->>'authTime')::float8), s.created_at) AS "authTime",
  ${amrOf('s')} AS amr`
export const grantColumns =
  's.id AS "sessionId", s.user_id AS "userId", s.scopes, s.resources, s.token_epoch AS "tokenEpoch", s.oidc, s.generation, s.expires_at AS "expiresAt", ' +
  authenticationColumns
export const lastUsed = 'coalesce(s.rotations[1], s.created_at)'
export const ownersAlive = `${mayLogIn} AND u.token_epoch = s.token_epoch AND c.revoked_at IS NULL`

/**
 * @param requested parameter: null, the empty list for the issuer only, or some of the resources
 * @param granted column
 */
export const targets = (granted: string, requested: string) =>
  `(${requested}::text[] IS NULL OR CASE WHEN ${requested} = '{}' THEN ${granted} = '{}' ELSE ${granted} @> ${requested} END)`

/** The replacement time of a generation without grace, because a recovery went past its successor. */
export const SKIPPED = "'epoch'::timestamptz"

/**
 * Whether the current token is the successor of the presented one, and the only successor apart from skipped ones. Each recovery adds a
 * generation that is never issued, so that the first time in the row stays that of the last use.
 * @param presented parameter: the presented generation
 */
export const isPredecessor = (presented: string) => `(s.generation - ${presented} = 1 OR (s.generation - ${presented} > 2
  AND coalesce(s.rotations[s.generation - ${presented}] > ${SKIPPED} AND ${SKIPPED} >= ALL (s.rotations[2:s.generation - ${presented} - 1]), false)))`

/** @param idle parameter: seconds without a rotation after which a session expires */
export const inTime = (idle: string) =>
  `s.revoked_at IS NULL AND s.expires_at > now() AND ${lastUsed} > now() - ${idle} * interval '1 second'`
