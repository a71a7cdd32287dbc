import type { FastifyInstance } from 'fastify'
import { ConfigError } from '../../src/config/config-error.ts'
import { keepSerializers } from './request-log.ts'

/**
 * Hooks that change what is read or answered, or decide about it. Those that only see a request come and go, such as traces and logs, are
 * the host's.
 */
const CHANGING = ['preParsing', 'preValidation', 'preHandler', 'preSerialization', 'onSend'] as const

/** Ids of clients have 40 characters, hashes in the names of files up to 64. */
const ID_LENGTH = 64

type Hooks = Record<string, unknown[]>

/** Of a scope of ours and those within it. */
const OURS = Symbol('latchkey scope')

/** Whether an instance is one of our scopes, or within one. */
export function isOurs (instance: object): boolean {
  return OURS in instance
}

/** Keeps from a scope what a host sets for its whole app. @throws ConfigError for what cannot be kept from it */
export function keepOutHost (scope: FastifyInstance): void {
  checkRouter(scope)
  Object.defineProperty(scope, OURS, { value: true })
  keepOutHooks(scope)
  keepOutDefaults(scope)
  keepSerializers(scope)
}

/**
 * Hooks of a host go for its routes and for those of all plugins after them: they wrap bodies, parse them, or ask for a login. In a scope
 * of ours and those within it none of that kind runs, whenever one is added: what we ask of a request stands at its route. Fastify has no
 * word for that, so its list of hooks is found by the name of its symbol.
 */
function keepOutHooks (scope: FastifyInstance): void {
  scope.addHook('onRegister', emptyHooks)
  emptyHooks(scope)
}

function emptyHooks (instance: FastifyInstance): void {
  const hooks = internal<Hooks>(instance, 'fastify.hooks')
  if (hooks) for (const name of CHANGING) hooks[name] = Object.defineProperty([], 'push', { value: () => 0 })
}

/** A host's serializer for all its answers would wrap ours, and its time for handlers end a stream. */
function keepOutDefaults (scope: FastifyInstance): void {
  for (const [description, value] of [['fastify.replySerializerDefault', null], ['fastify.handlerTimeout', 0]] as const) {
    const symbol = symbolOf(scope, description)
    if (symbol) Object.defineProperty(scope, symbol, { value, writable: true })
  }
}

/** The router is the host's: ids must fit into a path. @throws ConfigError */
function checkRouter ({ initialConfig }: FastifyInstance): void {
  const { routerOptions, maxParamLength } = initialConfig as { routerOptions?: { maxParamLength?: number }, maxParamLength?: number }
  const longest = Math.min(maxParamLength ?? ID_LENGTH, routerOptions?.maxParamLength ?? ID_LENGTH)
  if (longest < ID_LENGTH) {
    throw new ConfigError([{ name: 'maxParamLength', message: `of this app's Fastify must be at least ${ID_LENGTH}: ids stand in paths` }])
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
