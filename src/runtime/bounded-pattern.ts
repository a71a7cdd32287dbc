import { createContext, Script } from 'node:vm'

/** Milliseconds that a pattern of the operator may take with a text of anybody. */
const MATCH_MS = 20
/** A process that was not given the processor has not used its time. */
const TRIES = 2
// With more, or with a repeated group, the time may grow with a power of the length, or double with each character
const REPETITION = /[*+]|(?<!\()\?|\{\d*,\d*\}/g
const HARD = /\)[*+{]|\\[1-9k]/

/**
 * Whether a text matches a pattern, which is known within 40 ms: a pattern in which a text can be read in many ways takes longer than
 * anybody waits (ReDoS), and stops the process meanwhile. A text that takes longer does not match.
 * @throws SyntaxError
 */
export function boundedPattern (pattern: string | RegExp): (text: string) => boolean {
  const expression = typeof pattern === 'string' ? new RegExp(pattern, 'u') : pattern
  const { source } = expression
  if (!HARD.test(source) && (source.match(REPETITION) ?? []).length <= 1) return (text) => expression.test(text)
  const context = createContext({ expression, text: '' })
  const script = new Script('expression.test(text)')
  script.runInContext(context)

  /** @returns undefined when the time is over */
  function run (): boolean | undefined {
    try {
      return script.runInContext(context, { timeout: MATCH_MS }) === true
    } catch (error) {
      if ((error as { code?: unknown }).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return undefined
      throw error
    }
  }

  return (text) => {
    context['text'] = text
    let result: boolean | undefined
    for (let tries = 0; tries < TRIES && result === undefined; tries++) result = run()
    context['text'] = ''
    return result ?? false
  }
}
