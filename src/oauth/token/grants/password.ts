import { Type } from 'typebox'
import type { Attributes, Identifier } from '../../../users/attributes.ts'
import { candidatesFrom, surplusFields } from '../../../users/login-candidates.ts'
import { invalidGrant, invalidRequest, unauthorizedClient } from '../../errors.ts'
import type { Authenticate } from '../../ports.ts'
import type { Scopes } from '../../scopes.ts'
import type { StartSession } from '../issue-tokens.ts'
import type { GrantHandler } from './index.ts'

type Dependencies = { attributes: Attributes, scopes: Scopes, authenticate: Authenticate, startSession: StartSession }

/**
 * RFC 6749 section 4.3, for confidential first-party clients only. `username` may be any login attribute; the name of an attribute
 * (`email`, `phone`, …) can be sent in its place.
 */
export function passwordGrant ({ attributes, scopes, authenticate, startSession }: Dependencies): GrantHandler {
  function readCandidates (params: Record<string, string>): Identifier[] {
    const surplus = surplusFields(attributes, params)
    if (surplus) throw invalidRequest(`Send one of ${Object.keys(surplus).join(', ')}: a login has one login field`)
    const { candidates, missing } = candidatesFrom(attributes, params)
    if (missing) throw invalidRequest('username is missing')
    return candidates
  }

  return {
    grantType: 'password',
    publicClients: false,
    params: Type.Object({}),
    async issue ({ client, params, caller, resources, candidates: known }) {
      // RFC 9700 section 2.4: third parties must never handle a user's password
      if (!client.firstParty) throw unauthorizedClient('The client may not use the grant type password')
      const granted = scopes.grant(client, params['scope'])
      const candidates = known ?? readCandidates(params)
      const { password } = params
      if (password === undefined) throw invalidRequest('password is missing')
      const authenticated = await authenticate(candidates, password, { ...caller, clientId: client.id })
      if (!authenticated) throw invalidGrant('The user credentials were incorrect')
      const { device, ...user } = authenticated
      const access = { scopes: granted, resources: resources ?? [] }
      return { ...await startSession(client, { ...user, amr: ['pwd'] }, access, caller), device }
    }
  }
}
