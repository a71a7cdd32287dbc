/** A personal access token, without its secret. */
export type PersonalToken = {
  id: string
  userId: string
  clientId: string
  name: string
  scopes: string[]
  tokenEpoch: number
  /** Accurate to about a minute. */
  lastUsedAt: Date | null
  createdAt: Date
  expiresAt: Date | null
}

/** `tokenEpoch`: the user's, as the request read it; null for the operator. */
export type TokenOwner = { userId: string, tokenEpoch: number | null }

export type NewPersonalToken = TokenOwner & Pick<PersonalToken, 'id' | 'clientId' | 'name' | 'scopes'> & {
  /** Seconds. */
  ttl: number | null
  hash: Uint8Array
}

export type PersonalTokenStore = {
  /** @returns null when the user or the client has changed, or a token with this hash exists */
  create: (token: NewPersonalToken) => Promise<PersonalToken | null>
  /** An active token of an active user and client. */
  find: (hash: Uint8Array) => Promise<PersonalToken | null>
  /** The same, if created in the last `seconds` and, unless `tokenEpoch` is null, at that epoch of its user. */
  findNew: (hash: Uint8Array, seconds: number, tokenEpoch: number | null) => Promise<PersonalToken | null>
  /** Records a use, unless one was recorded in the last `seconds`. */
  touch: (id: string, seconds: number) => Promise<void>
  list: (userId: string) => Promise<PersonalToken[]>
  /** Tokens of all users, newest first. */
  listAll: (limit: number) => Promise<PersonalToken[]>
  /** @returns whose it was, or null when there is no such active token, or it belongs to another user */
  revoke: (id: string, userId: string | null) => Promise<{ userId: string, clientId: string } | null>
}
