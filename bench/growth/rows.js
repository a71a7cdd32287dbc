// The content of the tables. Each row follows from its number, so that tokens for any session can be created without reading it.
import { createHash, hash } from 'node:crypto'

export const PASSWORD = 'correct horse battery staple'
/** Number of refreshes of each session: as many as a row records. */
export const GENERATION = 8

const DAY = 86_400_000
const AGENT =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1'

const digest = (text) => createHash('sha256').update(text).digest()
const iso = (milliseconds) => new Date(milliseconds).toISOString()

/** UUID version 7 (RFC 9562): a timestamp, then bits that follow from the number. */
function uuid (milliseconds, bytes) {
  const hex = milliseconds.toString(16).padStart(12, '0') + bytes.toString('hex', 6, 16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7${hex.slice(13, 16)}-${'89ab'[bytes[8] & 3]}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** @param spread users and sessions are spread over the last 150 days */
export function createRows ({ users, sessions, now, clientId, passwordHash }) {
  const came = (index, of) => Math.floor(now - 150 * DAY + index / of * 149 * DAY)
  const userId = (index) => uuid(came(index, users), digest(`user ${index}`))
  const email = (index) => `user${index}@example.com`
  const rotations = `{${Array.from({ length: GENERATION }, (_, index) => `"${iso(now - index * 1_800_000)}"`).join(',')}}`

  function session (index, created = came(index, sessions)) {
    const bytes = digest(`session ${index}`)
    return { id: uuid(created, bytes), secret: bytes.subarray(16), user: bytes.readUInt32BE(2) % users }
  }

  function sessionRow (index, created) {
    const { id, secret, user } = session(index, created)
    return [
      id, userId(user), clientId, '{}', `\\\\x${hash('sha256', secret)}`, GENERATION, rotations, 0, `203.0.113.${index % 250}`, AGENT,
      iso(created), iso(created + 180 * DAY)
    ]
  }

  const sessionTable = {
    columns: 'id, user_id, client_id, scopes, secret_hash, generation, rotations, token_epoch, ip, user_agent, created_at, expires_at'
  }

  return {
    users,
    sessions,
    email,
    session,
    tables: {
      users: {
        columns: 'id, name, password_hash, created_at', count: users,
        row: (index) => [userId(index), `User ${index}`, passwordHash, iso(came(index, users))]
      },
      identifiers: {
        columns: 'attribute, value, display, user_id, verified_at', count: users,
        row: (index) => ['email', email(index), email(index), userId(index), iso(now)]
      },
      sessions: { ...sessionTable, count: sessions, row: (index) => sessionRow(index, came(index, sessions)) }
    },
    /** Additional sessions, which ended yesterday. */
    expired: (count) => ({
      ...sessionTable, count, row: (index) => sessionRow(sessions + index, Math.floor(now - 182 * DAY + index / count * DAY))
    }),
    revocations: (count) => ({
      columns: 'kind, subject, owner, epoch, except_sessions, expires_at',
      count,
      row: (index) => [
        'session', uuid(now, digest(`revoked ${index}`)), userId(digest(`owner ${index}`).readUInt32BE(0) % users), 0, '{}',
        iso(now + DAY)
      ]
    })
  }
}
