import { isDeepStrictEqual } from 'node:util'
import type { FastifyInstance } from 'fastify'
import { ConfigError } from '../../src/config/config-error.ts'
import type { Config, LatchkeyOptions } from '../../src/config/config.ts'

/** Parts that have routes, which would collide if a part were registered twice on one instance. */
type Part = 'latchkey' | 'oauth' | 'clientProxy'

const SCOPES =
  'For a second one with other options, register each in its own scope: app.register(async (scope) => { await scope.register(…) })'

const decoratorOf = (part: Part, prefix: string) => `latchkey.${part}${prefix}`

/** Marks parts as registered on an instance and on the scopes under it. */
export function markRegistered (host: FastifyInstance, parts: readonly Part[], prefix = ''): void {
  for (const part of parts) host.decorate(decoratorOf(part, prefix), true)
}

/** @throws ConfigError when one of the parts is already registered there */
export function refuseSecond (host: FastifyInstance, parts: readonly Part[], prefix = ''): void {
  const there = parts.find((part) => host.hasDecorator(decoratorOf(part, prefix)))
  if (there) throw alreadyRegistered(there, there === parts[0] ? '' : `; ${parts[0]} includes it`)
}

export function alreadyRegistered (part: Part | 'authGuard', how = ''): ConfigError {
  return new ConfigError([{ name: part, message: `is registered on this instance already${how}. ${SCOPES}` }])
}

/**
 * All parts on one instance share the services created for the first of them.
 * @param given options of a later registration. @param meant the configuration that results from them. @param known the configuration of
 * the first
 * @throws ConfigError when they differ
 */
export function refuseOtherOptions (given: LatchkeyOptions, meant: Config, known: Config): void {
  const others = differences(given, meant, known)
  if (others.length > 0) {
    const message = `is not what the first registration on this instance has, which counts; give the options once. ${SCOPES}`
    throw new ConfigError(others.map((name) => ({ name, message })))
  }
}

/** The names of the options that were given and differ. */
function differences (given: object, meant: object, known: object): string[] {
  return Object.entries(given).filter(([, value]) => value !== undefined).flatMap(([name, value]) => {
    const [one, other] = [meant, known].map((config) => (config as Record<string, unknown>)[name])
    if (isDeepStrictEqual(one, other)) return []
    return isGroup(value) && isGroup(one) && isGroup(other) ? differences(value, one, other).map((inner) => `${name}.${inner}`) : [name]
  })
}

function isGroup (value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
