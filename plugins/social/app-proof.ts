import type { FastifyRequest } from 'fastify'
import type { SocialServices } from '../../src/compose/social.ts'
import { matchesRedirectUri } from '../../src/clients/redirect-uri.ts'
import type { Config } from '../../src/config/config.ts'
import { HttpError } from '../../src/http/http-error.ts'
import type { FieldErrors } from '../../src/http/field-errors.ts'
import type { Caller } from '../../src/oauth/ports.ts'
import type { ProofBody } from '../../src/schemas/social.ts'
import type { Proof } from '../../src/social/app-proof.ts'
import type { CheckedProof } from '../../src/social/app-proofs.ts'
import type { Provider } from '../../src/social/ports.ts'
import { UpstreamError } from '../../src/social/upstream-error.ts'
import { unprocessable } from '../http/unprocessable.ts'

const MAX_SHOWN = 32
const PROOFS = ['code', 'id_token', 'oauth_token'] as const

/** What an app sends of a provider, by HTTP. */
export type AppProofs = {
  /** @throws HttpError 406, in the words of Apiato */
  providerOf: (name: string) => Provider
  /** Who has logged in there. @throws HttpError 401, 422, 429 and 503 */
  read: (
    request: FastifyRequest, provider: Provider, body: ProofBody, caller: Caller
  ) => Promise<Extract<CheckedProof, { refused?: never }>>
}

export function createAppProofs ({ providers, checkProof }: SocialServices, config: Pick<Config, 'issuer'>): AppProofs {
  /**
   * Only codes that went to an app: one that was sent elsewhere cannot be redeemed here. Codes of the browser's login are
   * redeemed there only, where `state` and a cookie bind them to the browser.
   */
  function mayRedeem ({ redirectUris }: Provider, redirectUri: string): boolean {
    if (redirectUri.toLowerCase().startsWith(`${config.issuer}/v1/auth/`.toLowerCase())) return false
    return matchesRedirectUri({ redirectUris, authMethod: 'none' }, redirectUri)
  }

  function proofOf (provider: Provider, body: ProofBody): Proof {
    const { code, redirect_uri: redirectUri, code_verifier: verifier, id_token: idToken, nonce, oauth_token: accessToken } = body
    if (idToken !== undefined) return { kind: 'id_token', idToken, nonce }
    if (accessToken !== undefined) return { kind: 'oauth_token', accessToken }
    const errors: FieldErrors = {
      ...(redirectUri === undefined && { redirect_uri: ['required'] }),
      ...(redirectUri !== undefined && !mayRedeem(provider, redirectUri) && { redirect_uri: ['not_configured'] }),
      ...(verifier === undefined && provider.pkce !== false && { code_verifier: ['required'] }),
      ...(nonce !== undefined && provider.kind === 'oauth2' && { nonce: ['no_id_token'] })
    }
    if (Object.keys(errors).length > 0) throw unprocessable(errors)
    return { kind: 'code', code: code!, redirectUri: redirectUri!, verifier, nonce }
  }

  return {
    providerOf (name) {
      const provider = providers.get(name)
      if (!provider) throw new HttpError('LK_UNSUPPORTED_PROVIDER', { message: `The Social Auth Provider ${name.slice(0, MAX_SHOWN)} is unsupported.` })
      return provider
    },

    async read (request, provider, body, caller) {
      if (body.oauth_secret !== undefined) {
        const message = `oauth_secret belongs to OAuth 1.0a, which is not supported. Send ${others(provider).join(' or ')}`
        throw unprocessable({ oauth_secret: [{ code: 'unsupported', send: others(provider) }] }, { message })
      }
      const wrong = problemsOf(provider, body)
      if (Object.keys(wrong).length > 0) throw unprocessable(wrong)
      const checked = await checkProof(provider, proofOf(provider, body), caller).catch(unavailable(request, provider))
      if (checked.refused === undefined) return checked
      if (checked.refused === 'unsupported') {
        const message = `${provider.label} does not say for which application it was issued. Send ${others(provider).join(' or ')}`
        throw unprocessable({ oauth_token: [{ code: 'unsupported', send: others(provider) }] }, { message })
      }
      request.log.info({ provider: provider.name, reason: checked.why }, 'A login at a provider has failed')
      throw new HttpError('LK_INVALID_CREDENTIALS')
    }
  }
}

function problemsOf (provider: Provider, body: ProofBody): FieldErrors {
  const { id_token: idToken, oauth_token: accessToken, nonce } = body
  const [first, second] = PROOFS.filter((name) => body[name] !== undefined)
  if (first === undefined) return { code: [{ code: 'one_required', others: ['id_token', 'oauth_token'] }] }
  if (second !== undefined) return { [second]: [{ code: 'surplus', of: [...PROOFS] }] }
  if (idToken !== undefined && provider.kind === 'oauth2') return { id_token: [{ code: 'unsupported', send: others(provider) }] }
  return accessToken !== undefined && nonce !== undefined ? { nonce: ['no_id_token'] } : {}
}

/** The operator is told why. */
function unavailable (request: FastifyRequest, { name }: Provider) {
  return (error: unknown): never => {
    if (!(error instanceof UpstreamError)) throw error
    request.log[error.isKnown ? 'debug' : 'warn']({ provider: name, reason: error.message }, 'A login at a provider has failed')
    throw new HttpError('LK_PROVIDER_UNAVAILABLE')
  }
}

function others ({ kind, redirectUris }: Provider): string[] {
  if (kind === 'oauth2') return ['code']
  return redirectUris.length > 0 ? ['code', 'id_token'] : ['id_token']
}
