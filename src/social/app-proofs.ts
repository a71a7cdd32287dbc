import type { Caller } from '../oauth/ports.ts'
import type { LoginAttempt, Throttle } from '../throttle/throttle.ts'
import type { Proof } from './app-proof.ts'
import type { Provider } from './ports.ts'
import { UpstreamError } from './upstream-error.ts'
import type { Upstream, UpstreamAnswer } from './upstream.ts'
import type { UsedProofStore } from './used-proofs.ts'

/**
 * `unsupported`: an access token, where the provider cannot say for which client it was issued; `invalid`: what the app has sent is not
 * valid, was issued for another application, or was used before; `why` is for the operator.
 */
export type CheckedProof =
  | { answer: UpstreamAnswer, attempt: LoginAttempt, refused?: never }
  | { answer?: never, refused: 'unsupported' }
  | { answer?: never, refused: 'invalid', why: string }

/**
 * Who has logged in at a provider, by what an app has got there. Wrong proofs of an address count as its wrong passwords do.
 * @throws TooManyAttempts; UpstreamError when the provider cannot be asked
 */
export type CheckProof = (provider: Provider, proof: Proof, caller: Caller) => Promise<CheckedProof>

type Dependencies = {
  upstreamOf: (provider: Provider) => Pick<Upstream, 'prove'>
  used: UsedProofStore
  throttle: Pick<Throttle, 'login'>
}

export function createCheckProof ({ upstreamOf, used, throttle }: Dependencies): CheckProof {
  return async (provider, proof, caller) => {
    const attempt = throttle.login([], caller)
    let why = 'was used before'
    const checked = await attempt.guard(null)(async (): Promise<CheckedProof | null> => {
      try {
        const proven = await upstreamOf(provider).prove(proof)
        if (!proven) return { refused: 'unsupported' }
        const { once, ...answer } = proven
        return once && !await used.use(once) ? null : { answer, attempt }
      } catch (error) {
        if (!(error instanceof UpstreamError) || error.problem === 'unavailable') throw error
        why = error.message
        return null
      }
    })
    return checked ?? { refused: 'invalid', why }
  }
}
