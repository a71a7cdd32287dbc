import type { TSchema } from 'typebox'
import type { Identifier } from '../../../users/attributes.ts'
import type { Client, Caller } from '../../ports.ts'
import type { TokenResponse } from '../../../schemas/token.ts'

/** What a grant gave: the body, and for a session when its refresh token ends. */
export type Issued = {
  body: TokenResponse
  /** For whom, as events tell it. */
  about: { clientId: string, userId: string | null, sessionId: string | null }
  /** Seconds until the refresh token ends if it is not used. */
  refreshTokenExpiresIn?: number
  /** Of a login: what the user's device shows at the next one. */
  device?: string | undefined
}

export type GrantRequest<Params> = {
  client: Client
  params: Params
  caller: Caller
  /** Of a login whose fields a client proxy has read. */
  candidates?: Identifier[] | undefined
  /** The servers that the access token is for (RFC 8707 section 2.2): null when the request does not say, an empty list for this one. */
  resources: string[] | null
}

/** One grant: its name on the wire, what it takes and what it does. */
export type GrantHandler = {
  grantType: string
  /** Public clients may use it (RFC 6749 section 2.1). */
  publicClients: boolean
  params: TSchema
  issue: (request: GrantRequest<Record<string, string>>) => Promise<Issued>
}
