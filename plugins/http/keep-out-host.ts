import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ConfigError } from '../../src/config/config-error.ts'
import { keepSerializers } from './request-log.ts'

/** Hooks that can change or refuse a request or its answer. Hooks that only observe, such as traces and logs, stay. */
const CHANGING = ['preParsing', 'preValidation', 'preHandler', 'preSerialization', 'onSend'] as const

/** Ids of clients have 40 characters, hashes in file names up to 64. */
const ID_LENGTH = 64

type Hooks = Record<string, unknown[]>

/** Marks a closed scope, which scopes within it inherit; and in the config of a route of ours the hooks that stand on that route. */
const OURS = Symbol('latchkey')

type Config = { [OURS]?: ReadonlySet<unknown> }

/** Whether an instance is a closed scope, or within one. */
export function isOurs (instance: object): boolean {
  return OURS in instance
}

/**
 * Whether a hook runs on a route of ours only because a host has added it to its whole app. A hook that the host has put on the route, or
 * that the host calls by itself, is meant.
 * @param receiver `this` of the hook: Fastify calls the hooks of a whole app with the scope of the route
 */
export function isAppWide (hook: object, receiver: object | undefined, request: FastifyRequest): boolean {
  if (receiver === undefined || !isOurs(receiver)) return false
  const { url, config } = request.routeOptions
  const onRoute = (config as Config | undefined)?.[OURS]
  return url === undefined || (onRoute !== undefined && !onRoute.has(hook))
}

/** Removes from a scope what a host sets for its whole app. @throws ConfigError for settings that cannot be removed */
export function keepOutHost (scope: FastifyInstance): void {
  checkRouter(scope)
  Object.defineProperty(scope, OURS, { value: true })
  keepOutHooks(scope)
  markRoutes(scope)
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

/** Runs after the `onRoute` hooks of the host, so that it sees what they have added to a route. */
function markRoutes (scope: FastifyInstance): void {
  scope.addHook('onRoute', (route) => {
    const hooks = [route.onRequest, route.preParsing, route.preValidation, route.preHandler].flatMap<unknown>((hook) => hook ?? [])
    const mark: Config = { [OURS]: new Set(hooks) }
    route.config = { ...route.config, ...mark }
  })
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
