import type { TObject } from 'typebox'
import { Compile } from 'typebox/compile'
import { ConfigError, type Problem } from './config-error.ts'
import { IN_CODE } from './names.ts'
import { problemsOf, type SchemaError } from './problems.ts'

type Validator = { Errors: (value: unknown) => SchemaError[] }

const validators = new WeakMap<object, Validator>()

/**
 * Checks options given in code against their schema: unknown options, wrong types and accidental undefined values are errors rather than
 * ignored.
 * @param where stands before the name in the message, such as `authGuard('api')`
 * @throws ConfigError
 */
export function checkOptions (where: string, schema: TObject, given: unknown): void {
  const known = Object.keys(schema.properties)
  const takes = known.length === 0 ? 'it takes none' : `it takes ${known.join(', ')}`
  if (typeof given !== 'object' || given === null || Array.isArray(given) || !isPlain(given)) {
    throw new ConfigError([{ name: where, message: `takes an object of options; ${takes}` }])
  }
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(schema.properties, name)).map((name): Problem => ({
    name: `${where}.${name}`,
    message: `is not an option; ${takes}`
  }))
  const missing = Object.entries(given).filter(([, value]) => value === undefined).map(([name]): Problem => ({
    name: `${where}.${name}`,
    message: 'is undefined; leave it out, or give it a value'
  }))
  const problems = unknown.length > 0
    ? unknown
    : missing.length > 0
      ? missing
      : wrong(schema, given).map(({ name, message }) => ({ name: name === '' ? where : `${where}.${name}`, message }))
  if (problems.length > 0) throw new ConfigError(problems)
}

function wrong (schema: TObject, given: object): Problem[] {
  const validator = validators.get(schema) ?? Compile(schema) as Validator
  validators.set(schema, validator)
  return problemsOf(schema, validator.Errors(given), IN_CODE)
}

/** Options that are inherited, or not enumerable, would be dropped without a word. */
function isPlain (given: object): boolean {
  const prototype = Object.getPrototypeOf(given) as object | null
  return (prototype === null || Object.getPrototypeOf(prototype) === null) && Reflect.ownKeys(given).length === Object.keys(given).length
}
