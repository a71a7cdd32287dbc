import { Type } from 'typebox'
import type { AccessTokens } from '../access-token.ts'
import { tokenResponse } from '../issue-tokens.ts'
import type { Scopes } from '../../scopes.ts'
import type { GrantHandler } from './index.ts'

/** RFC 6749 section 4.4: nothing is stored, and there is no refresh token. */
export function clientCredentialsGrant ({ accessTokens, scopes }: { accessTokens: AccessTokens, scopes: Scopes }): GrantHandler {
  return {
    grantType: 'client_credentials',
    publicClients: false,
    params: Type.Object({}),
    async issue ({ client, params, resources }) {
      const granted = scopes.grantToMachine(client, params['scope'])
      const access = accessTokens.forClient(client, granted, resources ?? [])
      return { body: tokenResponse(access, granted), about: { clientId: client.id, userId: null, sessionId: null } }
    }
  }
}
