import type { TokenResponse } from '../../schemas/token.ts'
import type { AccessToken } from './access-token.ts'

/** RFC 6749 section 5.1 */
export function tokenResponse (
  { token, expiresIn }: AccessToken,
  scopes: string[],
  { refreshToken, idToken }: { refreshToken?: string | undefined, idToken?: string | undefined } = {}
): TokenResponse {
  return {
    token_type: 'Bearer',
    expires_in: expiresIn,
    access_token: token,
    ...(refreshToken !== undefined && { refresh_token: refreshToken }),
    ...(idToken !== undefined && { id_token: idToken }),
    ...(scopes.length > 0 && { scope: scopes.join(' ') })
  }
}
