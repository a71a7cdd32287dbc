import type { onRequestAsyncHookHandler } from 'fastify'
import type { Security } from '../operations/openapi/security.ts'

const guards = new WeakMap<object, Security>()

/** Records what a guard requires, for the OpenAPI description of its routes. */
export function guardedBy (hook: onRequestAsyncHookHandler, security: Security): onRequestAsyncHookHandler {
  guards.set(hook, security)
  return hook
}

/** The combined requirements of the guards among some hooks: a request must pass all of them. */
export function securityOf (hooks: readonly object[]): Security | undefined {
  const requested = hooks.map((hook) => guards.get(hook)).filter((security) => security !== undefined)
  return requested.length === 0 ? undefined : requested.reduce(both)
}

function both (one: Security, other: Security): Security {
  const pairs = one.flatMap((first) =>
    other.map((second) =>
      Object.fromEntries(
        [...Object.keys(first), ...Object.keys(second)].map((scheme) => [
          scheme,
          [...new Set([...first[scheme] ?? [], ...second[scheme] ?? []])]
        ])
      )
    )
  )
  return [...new Map(pairs.map((pair) => [JSON.stringify(pair), pair])).values()]
}
