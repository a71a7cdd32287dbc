import type { Page } from '../../src/views/page.ts'
import { formatWait } from '../../src/views/format.ts'
import type { Failure } from '../http/errors.ts'
import { NO_COOKIE, STALE_FORM } from './csrf.ts'

/** The problem that a form shows when it is displayed again. */
export type Problem = 'wrongLogin' | 'overloaded' | 'stale' | 'noCookies' | { wait: number }

/** The problem of a failure after which the same form can be submitted again; null for other failures. */
export function problemOf ({ statusCode, code, retryAfter }: Failure): Problem | null {
  if (statusCode === 429 && retryAfter !== undefined) return { wait: retryAfter }
  if (code === 'LK_OVERLOADED') return 'overloaded'
  if (code === STALE_FORM) return 'stale'
  return code === NO_COOKIE ? 'noCookies' : null
}

export function problemText (problem: Problem, { texts: { problems }, locale }: Page): string {
  return typeof problem === 'string' ? problems[problem] : problems.tooMany(formatWait(problem.wait, locale))
}
