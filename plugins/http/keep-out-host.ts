import type { FastifyInstance } from 'fastify'
import { ConfigError } from '../../src/config/config-error.ts'
import { keepSerializers } from './request-log.ts'

/** Hooks that can change or refuse a request or its answer. Hooks that only observe, such as traces and logs, stay. */
const CHANGING = ['preParsing', 'preValidation', 'preHandler', 'preSerialization', 'onSend'] as const

/** Ids of clients have 40 characters, hashes in file names up to 64. */
const ID_LENGTH = 64

type Hooks = Record<string, unknown[]>

/** Marks a closed scope; scopes within it inherit the mark. */
const OURS = Symbol('latchkey scope')

/** Whether an instance is a closed scope, or within one. */
export function isOurs (instance: object): boolean {
  return OURS in instance
}

/** Removes from a scope what a host sets for its whole app. @throws ConfigError for settings that cannot be removed */
export function keepOutHost (scope: FastifyInstance): void {
  checkRouter(scope)
  Object.defineProperty(scope, OURS, { value: true })
  keepOutHooks(scope)
  keepOutDefaults(scope)
  keepSerializers(scope)
}

/**
 * Hooks of a host apply to all plugins registered after them: they may wrap or parse bodies, or require a login. In a closed scope and the
 * scopes within it hooks of these kinds are dropped, whenever they are added; our own stand at the routes. Fastify has no public API for
 * this, so its list of hooks is found by the description of its symbol.
 */
function keepOutHooks (scope: FastifyInstance): void {
  scope.addHook('onRegister', emptyHooks)
  emptyHooks(scope)
}

function emptyHooks (instance: FastifyInstance): void {
  const hooks = internal<Hooks>(instance, 'fastify.hooks')
  if (hooks) for (const name of CHANGING) hooks[name] = Object.defineProperty([], 'push', { value: () => 0 })
}

/** A reply serializer of the host would wrap our answers, and its handler timeout would end streams. */
function keepOutDefaults (scope: FastifyInstance): void {
  for (const [description, value] of [['fastify.replySerializerDefault', null], ['fastify.handlerTimeout', 0]] as const) {
    const symbol = symbolOf(scope, description)
    if (symbol) Object.defineProperty(scope, symbol, { value, writable: true })
  }
}

/** The router belongs to the host, and its limit on parameters must allow our ids. @throws ConfigError */
function checkRouter ({ initialConfig }: FastifyInstance): void {
  const { routerOptions, maxParamLength } = initialConfig as { routerOptions?: { maxParamLength?: number }, maxParamLength?: number }
  const longest = Math.min(maxParamLength ?? ID_LENGTH, routerOptions?.maxParamLength ?? ID_LENGTH)
  if (longest < ID_LENGTH) {
    throw new ConfigError([{ name: 'maxParamLength', message: `of this app's Fastify must be at least ${ID_LENGTH}: paths contain ids` }])
  }
}

function internal<T> (instance: object, description: string): T | undefined {
  const symbol = symbolOf(instance, description)
  return symbol && (instance as Record<symbol, T>)[symbol]
}

function symbolOf (instance: object, description: string): symbol | undefined {
  for (let owner: object | null = instance; owner; owner = Object.getPrototypeOf(owner) as object | null) {
    const found = Object.getOwnPropertySymbols(owner).find((symbol) => symbol.description === description)
    if (found) return found
  }
  return undefined
}
