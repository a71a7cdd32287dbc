import type { GuardOptions } from '../../src/config/options.ts'
import { reachesAcr, type Acr } from '../../src/oidc/acr.ts'
import type { Auth } from './auth.ts'

/** What a guard demands of the login behind a request (RFC 9470). */
export type Demand = { acr?: Acr, /** Seconds. */ maxAge?: number }

const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 }

/** @returns null for a guard that demands nothing */
export function demandOf ({ acr, maxAge }: GuardOptions): Demand | null {
  if (acr === undefined && maxAge === undefined) return null
  return { ...(acr !== undefined && { acr }), ...(maxAge !== undefined && { maxAge: secondsOf(maxAge) }) }
}

/** Clients and personal access tokens meet no demand: no user has logged in. */
export function meets ({ acr, maxAge }: Demand, { authTime, amr }: Pick<Auth, 'authTime' | 'amr'>, now: number): boolean {
  if (acr !== undefined && !reachesAcr(amr, acr)) return false
  return maxAge === undefined || (authTime !== null && now - authTime.getTime() <= maxAge * 1000)
}

function secondsOf (maxAge: number | string): number {
  return typeof maxAge === 'number' ? maxAge : Number(maxAge.slice(0, -1)) * SECONDS[maxAge.slice(-1)]!
}
