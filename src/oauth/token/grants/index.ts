import type { TSchema } from 'typebox'
import type { Identifier } from '../../../users/attributes.ts'
import type { Client, Caller } from '../../ports.ts'
import type { TokenResponse } from '../../../schemas/token.ts'

/** The result of a grant: the response body and, for a session, when its refresh token expires. */
export type Issued = {
  body: TokenResponse
  /** For events. */
  about: { clientId: string, userId: string | null, sessionId: string | null }
  /** Seconds until the refresh token expires if it is not used. */
  refreshTokenExpiresIn?: number
  /** After a login: the proof that the user's device presents at the next one. */
  device?: string | undefined
}

export type GrantRequest<Params> = {
  client: Client
  params: Params
  caller: Caller
  /** For a login whose fields the client proxy has already read. */
  candidates?: Identifier[] | undefined
  /** The resource servers of the access token (RFC 8707 section 2.2): null when the request names none, an empty list for this server. */
  resources: string[] | null
}

/** One grant: its type, its parameters and its handler. */
export type GrantHandler = {
  grantType: string
  /** Whether public clients may use it (RFC 6749 section 2.1). */
  publicClients: boolean
  params: TSchema
  issue: (request: GrantRequest<Record<string, string>>) => Promise<Issued>
}
