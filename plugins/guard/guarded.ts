import type { onRequestAsyncHookHandler } from 'fastify'
import type { Security } from '../operations/openapi/security.ts'

const guards = new WeakMap<object, Security>()

/** What OpenAPI says of a route follows from its guard. */
export function guardedBy (hook: onRequestAsyncHookHandler, security: Security): onRequestAsyncHookHandler {
  guards.set(hook, security)
  return hook
}

/** What the guards among some hooks ask for together: each of them must let a request in. */
export function securityOf (hooks: readonly object[]): Security | undefined {
  const asked = hooks.map((hook) => guards.get(hook)).filter((security) => security !== undefined)
  return asked.length === 0 ? undefined : asked.reduce(both)
}

function both (one: Security, other: Security): Security {
  const pairs = one.flatMap((first) =>
    other.map((second) =>
      Object.fromEntries(
        [...Object.keys(first), ...Object.keys(second)].map(
          (scheme) => [scheme, [...new Set([...first[scheme] ?? [], ...second[scheme] ?? []])]])
      )
    )
  )
  return [...new Map(pairs.map((pair) => [JSON.stringify(pair), pair])).values()]
}
