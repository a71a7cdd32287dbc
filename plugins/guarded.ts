import type { onRequestAsyncHookHandler } from 'fastify'
import type { Security } from './openapi/security.ts'

const guards = new WeakMap<object, Security>()

/** What OpenAPI says of a route follows from its guard. */
export function guardedBy (hook: onRequestAsyncHookHandler, security: Security): onRequestAsyncHookHandler {
  guards.set(hook, security)
  return hook
}

/** What the first guard among some hooks asks for. */
export function securityOf (hooks: readonly object[]): Security | undefined {
  return hooks.map((hook) => guards.get(hook)).find(Boolean)
}
