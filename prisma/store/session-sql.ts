// Conditions on a session `s`, its user `u` and its client `c` that several statements share.

export const grantColumns = 's.id AS "sessionId", s.user_id AS "userId", s.scopes, s.resources, s.token_epoch AS "tokenEpoch", s.oidc, s.generation, s.expires_at AS "expiresAt"'
export const lastUsed = 'coalesce(s.rotations[1], s.created_at)'
export const ownersAlive = 'u.disabled_at IS NULL AND u.token_epoch = s.token_epoch AND c.revoked_at IS NULL'

/** @param asked parameter: null, the empty list for none but the issuer, or some of the resources. @param granted column */
export const targets = (granted: string, asked: string) => `(${asked}::text[] IS NULL OR CASE WHEN ${asked} = '{}' THEN ${granted} = '{}' ELSE ${granted} @> ${asked} END)`

/** @param idle parameter: seconds without a rotation after which a session has ended */
export const inTime = (idle: string) => `s.revoked_at IS NULL AND s.expires_at > now() AND ${lastUsed} > now() - ${idle} * interval '1 second'`
