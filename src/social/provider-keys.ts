import type { Configuration } from 'openid-client'
import type { JWTVerifyResult, LocalJWKSet } from 'jose'
import { clientsOf, type OpenIdProvider } from './ports.ts'
import { askProvider } from './upstream-claims.ts'
import { CLOCK_TOLERANCE } from './upstream-configuration.ts'
import { UpstreamError } from './upstream-error.ts'

/** What a signature of a provider is checked with. */
export type ProviderKeys = { issuer: string, algorithms: string[], keys: LocalJWKSet }

/** @param again the kept keys did not fit */
export type KeptKeys = (again?: boolean) => Promise<ProviderKeys>

// RFC 8725 section 3.1: neither none nor anything with a secret
export const SIGNATURES = new Set(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'])
const KEEP_MS = 600_000
const COOLDOWN_MS = 30_000

/** As the provider publishes them now. */
export async function readKeys (provider: OpenIdProvider, configuration: Configuration): Promise<ProviderKeys> {
  const { jwks_uri: address, id_token_signing_alg_values_supported: supported = ['RS256'], issuer } = configuration.serverMetadata()
  if (address === undefined || (!address.startsWith('https:') && !provider.issuer.startsWith('http:'))) throw new UpstreamError('failed', 'has no keys')
  const { createLocalJWKSet } = await import('jose')
  const keys = createLocalJWKSet(await askProvider(address, {}, 'its keys') as Parameters<typeof createLocalJWKSet>[0])
  return { issuer, algorithms: [supported].flat().filter((alg) => SIGNATURES.has(alg)), keys }
}

/**
 * Keeps them for ten minutes, and asks at most twice a minute, whatever it is sent: anybody may send tokens whose keys are unknown.
 * @param now in milliseconds
 */
export function createKeptKeys (ask: () => Promise<ProviderKeys>, now: () => number): KeptKeys {
  let kept: { since: number, keys: ProviderKeys } | undefined
  let asked: { at: number, answer: Promise<ProviderKeys> } | undefined

  async function askNow (): Promise<ProviderKeys> {
    const keys = await ask()
    kept = { since: now(), keys }
    return keys
  }

  return async (again = false) => {
    const usable = () => kept && now() - kept.since < KEEP_MS ? kept.keys : null
    const known = usable()
    if (known && !again) return known
    if (!asked || now() - asked.at >= COOLDOWN_MS) asked = { at: now(), answer: askNow() }
    return await asked.answer.catch((error: unknown) => {
      const older = usable()
      if (older) return older
      throw error
    })
  }
}

/**
 * Checks the signature of a token, the issuer unless each tenant has its own, the audience and the times.
 * @throws an error of jose; UpstreamError
 */
export async function verifyToken (
  { provider, keys, now }: { provider: OpenIdProvider, keys: KeptKeys, now: () => number }, token: string, requiredClaims: string[]
): Promise<JWTVerifyResult> {
  const { errors, jwtVerify } = await import('jose')
  const by = async ({ algorithms, issuer, keys: known }: ProviderKeys) => await jwtVerify(token, known, {
    algorithms, ...(provider.issuerTemplate === undefined && { issuer }), requiredClaims,
    audience: clientsOf(provider), clockTolerance: CLOCK_TOLERANCE, currentDate: new Date(now())
  })
  try {
    return await by(await keys())
  } catch (error) {
    if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
    return await by(await keys(true))
  }
}
