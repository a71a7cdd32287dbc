import type { Problem } from './config-error.ts'
import { nameOf, type Sources } from './names.ts'

/** An error of a TypeBox validator. */
export type SchemaError = { instancePath: string, message: string, keyword: string, params: unknown }

type Schema = {
  description?: string, properties?: Record<string, Schema>, patternProperties?: Record<string, Schema>,
  anyOf?: { const?: unknown }[]
}

/** Each mistake once, under the name of the variable or option, with what to write instead. */
export function problemsOf (settings: object, errors: SchemaError[], sources: Sources): Problem[] {
  const unions = new Set(errors.filter(({ keyword }) => keyword === 'anyOf').map(({ instancePath }) => instancePath))
  return errors
    // The errors of the members of a union, and the error for an unknown option, are already reported
    .filter(({ keyword, instancePath }) => keyword === 'anyOf' || (keyword !== 'boolean' && !unions.has(instancePath)))
    .map((error) => toProblem(settings, error, sources))
}

function toProblem (settings: Schema, { keyword, instancePath, message, params }: SchemaError, sources: Sources): Problem {
  const path = instancePath.split('/').slice(1)
  const { schema, named } = schemaAt(settings, path)
  const name = nameOf(sources, path)
  const { additionalProperties: unknown = [] } = params as { additionalProperties?: string[] }
  if (keyword === 'additionalProperties') {
    const [pattern] = Object.keys(schema?.patternProperties ?? {})
    if (pattern) return { name, message: `has the invalid name ${JSON.stringify(unknown[0])}; names must match ${pattern}` }
    return { name: [...path, ...unknown].join('.'), message: 'is not an option; see the table of options in README.md' }
  }
  const choices = schema?.anyOf?.map((member) => member.const)
  const wrong = choices?.every((choice) => choice !== undefined) ? `must be ${choices.join(' or ')}` : message
  return {
    name,
    message: `${keyword === 'anyOf' && wrong === message ? 'has an invalid value' : wrong}. ${named?.description ?? ''}`.trim()
  }
}

/** The schema at a path, if there is one, and the last schema along the path that describes what to write. */
function schemaAt (settings: Schema, path: string[]): { schema: Schema | undefined, named: Schema | undefined } {
  let schema: Schema | undefined = settings
  let named: Schema | undefined
  for (const step of path) {
    schema = schema?.properties?.[step] ?? memberOf(schema, step)
    if (schema?.description !== undefined) named = schema
  }
  return { schema, named }
}

/** Of a record. */
function memberOf (schema: Schema | undefined, step: string): Schema | undefined {
  return Object.entries(schema?.patternProperties ?? {}).find(([pattern]) => new RegExp(pattern).test(step))?.[1]
}
