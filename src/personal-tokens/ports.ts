/** A personal access token, without what opens anything. */
export type PersonalToken = {
  id: string
  userId: string
  clientId: string
  name: string
  scopes: string[]
  tokenEpoch: number
  /** Within a minute or so. */
  lastUsedAt: Date | null
  createdAt: Date
  expiresAt: Date | null
}

/** `tokenEpoch`: the user's, as the request knew it; null when the operator asks. */
export type TokenOwner = { userId: string, tokenEpoch: number | null }

export type NewPersonalToken = TokenOwner & Pick<PersonalToken, 'id' | 'clientId' | 'name' | 'scopes'> & {
  /** Seconds. */
  ttl: number | null
  hash: Uint8Array
}

export type PersonalTokenStore = {
  /** @returns null when the user or the client is not what it was, or there is one with this hash already */
  create: (token: NewPersonalToken) => Promise<PersonalToken | null>
  /** Alive, and so are its user and its client. */
  find: (hash: Uint8Array) => Promise<PersonalToken | null>
  /** The same, made in the last so many seconds and, unless `tokenEpoch` is null, at that epoch of its user. */
  findNew: (hash: Uint8Array, seconds: number, tokenEpoch: number | null) => Promise<PersonalToken | null>
  /** Notes that it was used, unless that was noted so many seconds ago. */
  touch: (id: string, seconds: number) => Promise<void>
  list: (userId: string) => Promise<PersonalToken[]>
  /** Of everybody, the newest first. */
  listAll: (limit: number) => Promise<PersonalToken[]>
  /** @returns whose it was, or null when there is none alive, or not of this user */
  revoke: (id: string, userId: string | null) => Promise<{ userId: string, clientId: string } | null>
}
