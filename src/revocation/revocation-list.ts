/** What is refused although its signature is valid. */
export type Revocation = {
  kind: 'token' | 'session' | 'client' | 'key' | 'user'
  subject: string
  /** The user of a session, the client of a token. */
  owner: string | null
  /** For a user, or a client that acts for itself: tokens with a lower epoch are refused … */
  epoch: number | null
  /** … except those of these sessions. */
  except: string[]
  /** Milliseconds of the database's clock. */
  expiresAt: number
}

export type TokenFacts = { sub: string, client_id: string, jti: string, sid?: string | undefined, epoch?: number | undefined }

type Listener = (rows: Revocation[], isAll: boolean) => void

export type RevocationList = {
  apply: (rows: Revocation[]) => void
  /**
   * Replaces the list by the whole table. Epochs of users follow it, backwards too: after a backup is restored, tokens carry lower ones
   * again. Individual revocations stay.
   */
  reload: (rows: Revocation[]) => void
  /** The kind of the revocation that ends a token, or null when it is not revoked. Reads memory only. */
  revokedBy: (token: TokenFacts, kid: string) => Revocation['kind'] | null
  /**
   * Removes revocations whose tokens have all expired.
   * @param now milliseconds of the database's clock
   */
  sweep: (now: number) => void
  /** All revocations, read lazily: rows added during the iteration may be included. */
  rows: () => Iterable<Revocation>
  size: () => number
  /** How many sessions and tokens of one owner are listed. */
  ownedBy: (owner: string) => number
  /**
   * Called with each batch of new rows; `isAll` when the batch is the whole list.
   * @returns unsubscribe
   */
  subscribe: (listener: Listener) => () => void
}

/** Shared by all rows without exceptions, of which there may be a hundred thousand. */
export const NONE: string[] = []

/** Revocations of tokens, sessions, clients and keys are absolute: no times are compared, so clocks do not matter. */
export function createRevocationList (): RevocationList {
  const kinds = {
    token: new Map<string, Revocation>(), session: new Map<string, Revocation>(), client: new Map<string, Revocation>(),
    key: new Map<string, Revocation>(), user: new Map<string, Revocation>()
  }
  const owned = createOwned()
  const listeners = new Set<Listener>()

  function drop (row: Revocation): void {
    kinds[row.kind].delete(row.subject)
    owned.drop(row)
  }

  function add (given: Revocation): void {
    const row = given.except.length > 0 || given.except === NONE ? given : { ...given, except: NONE }
    kinds[row.kind].set(row.subject, row)
    owned.add(row)
  }

  /** @returns whether the row changed the list */
  function applyRow (row: Revocation): boolean {
    const known = kinds[row.kind].get(row.subject)
    if (known && (known.epoch ?? 0) > (row.epoch ?? 0)) return false
    if (row.kind === 'user') {
      // One epoch covers every session and token with a lower one
      for (const covered of owned.of(row.subject)) if ((covered.epoch ?? 0) < (row.epoch ?? 0)) drop(covered)
    } else if (row.owner !== null && (kinds.user.get(row.owner)?.epoch ?? 0) > (row.epoch ?? 0)) {
      return false
    }
    if (known) drop(known)
    add(row)
    return known?.epoch !== row.epoch
  }

  function apply (rows: Revocation[]): void {
    const fresh = rows.filter(applyRow)
    if (fresh.length > 0) for (const listener of listeners) listener(fresh, false)
  }

  function reload (rows: Revocation[]): void {
    for (const row of kinds.user.values()) drop(row)
    rows.forEach(applyRow)
    for (const listener of listeners) listener(rows, true)
  }

  function revokedBy ({ sub, client_id: clientId, jti, sid, epoch }: TokenFacts, kid: string): Revocation['kind'] | null {
    if (sid !== undefined && kinds.session.has(sid)) return 'session'
    if (kinds.token.has(jti)) return 'token'
    if (kinds.client.has(clientId)) return 'client'
    if (kinds.key.has(kid)) return 'key'
    const user = kinds.user.get(sub)
    if (user && (epoch ?? 0) < user.epoch! && !(sid !== undefined && user.except.includes(sid))) return 'user'
    return null
  }

  function sweep (now: number): void {
    for (const map of Object.values(kinds)) for (const row of map.values()) if (row.expiresAt < now) drop(row)
  }

  function subscribe (listener: Listener) {
    listeners.add(listener)
    return () => { listeners.delete(listener) }
  }

  function * rows (): Generator<Revocation> {
    for (const map of Object.values(kinds)) yield * map.values()
  }

  return {
    apply,
    reload,
    revokedBy,
    sweep,
    subscribe,
    rows,
    size: () => Object.values(kinds).reduce((sum, map) => sum + map.size, 0),
    ownedBy: owned.count
  }
}

/** Rows by owner. Most owners have one row, and a hundred thousand sets of one would take as much memory as the rows. */
function createOwned () {
  const owned = new Map<string, Revocation | Set<Revocation>>()

  function of (owner: string): Revocation[] {
    const known = owned.get(owner)
    if (!known) return []
    return known instanceof Set ? [...known] : [known]
  }

  function count (owner: string): number {
    const known = owned.get(owner)
    if (!known) return 0
    return known instanceof Set ? known.size : 1
  }

  function add (row: Revocation): void {
    if (row.owner === null) return
    const known = owned.get(row.owner)
    if (known instanceof Set) known.add(row)
    else owned.set(row.owner, known ? new Set([known, row]) : row)
  }

  function drop (row: Revocation): void {
    if (row.owner === null) return
    const known = owned.get(row.owner)
    if (known instanceof Set) known.delete(row)
    if (known === row || (known instanceof Set && known.size === 0)) owned.delete(row.owner)
  }

  return { of, count, add, drop }
}
