import type { Refusal } from '../../src/social/sign-in.ts'
import type { UpstreamError } from '../../src/social/upstream-error.ts'
import type { FormErrors, Page } from '../../src/views/page.ts'
import { formatWait } from '../../src/views/format.ts'
import type { Failure } from '../http/errors.ts'
import { NO_COOKIE, STALE_FORM } from './csrf.ts'

/** The problem that a form shows when it is displayed again. */
export type Problem = 'wrongLogin' | 'overloaded' | 'stale' | 'noCookies' | { wait: number } | UpstreamProblem

/**
 * Of a login at a provider, which is named as on its button. `expired`: too long ago, used before, or started in another browser;
 * `reason`: of the host.
 */
export type UpstreamProblem = { provider: string, is: Refusal | UpstreamError['problem'] | 'expired', reason?: string | undefined }

/** The problem of a failure after which the same form can be submitted again; null for other failures. */
export function problemOf ({ statusCode, code, retryAfter }: Failure): Problem | null {
  if (statusCode === 429 && retryAfter !== undefined) return { wait: retryAfter }
  if (code === 'LK_OVERLOADED') return 'overloaded'
  if (code === STALE_FORM) return 'stale'
  return code === NO_COOKIE ? 'noCookies' : null
}

/** Only a wrong login is about what was entered. */
export function problemErrors (problem: Problem, page: Page): FormErrors {
  return { form: [textOf(problem, page)], ...(problem !== 'wrongLogin' && { isElsewhere: true }) }
}

function textOf (problem: Problem, { texts: { problems, upstream }, locale }: Page): string {
  if (typeof problem === 'string') return problems[problem]
  return 'wait' in problem ? problems.tooMany(formatWait(problem.wait, locale)) : problem.reason ?? upstream[problem.is](problem.provider)
}
