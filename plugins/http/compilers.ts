import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import fastJson from 'fast-json-stringify'
import type { FastifySchemaCompiler } from 'fastify'
import type { FastifySerializerCompiler } from 'fastify/types/schema.js'
import type { TSchema } from 'typebox'

type Validate = ReturnType<FastifySchemaCompiler<TSchema>>
type Serialize = ReturnType<FastifySerializerCompiler<TSchema>>

// Keyed by schema, because routes share the schemas of their errors
const serializers = new WeakMap<TSchema, Serialize>()

/** Compiled at the first request, so that the start does not wait for routes that may never be called. */
export const compileValidator: FastifySchemaCompiler<TSchema> = (route) => {
  let validate: Validate | undefined
  return (data) => (validate ??= TypeBoxValidatorCompiler(route))(data)
}

/** Compiled at the first answer with the schema. */
export const compileSerializer: FastifySerializerCompiler<TSchema> = ({ schema }) => {
  let serialize: Serialize | undefined
  return (data) => (serialize ??= serializerOf(schema))(data)
}

/** For handlers that report all missing fields at once. OpenAPI still lists the required fields. */
export const requiredLater: FastifySchemaCompiler<TSchema> = (route) =>
  profileLater({ ...route, schema: { ...route.schema, required: [] } })

/** The handler checks `profile` by itself, and names its members in errors. */
export const profileLater: FastifySchemaCompiler<TSchema> = (route) => {
  const { profile, ...properties } = (route.schema as { properties?: Record<string, TSchema> }).properties ?? {}
  if (!profile) return compileValidator(route)
  const { required = [] } = route.schema as { required?: string[] }
  return compileValidator({ ...route, schema: { ...route.schema, properties, required: required.filter((name) => name !== 'profile') } })
}

/** For requests that the protocol code validates, with its own errors. The schema serves as documentation only. */
export const checkedByProtocol: FastifySchemaCompiler<TSchema> = () => () => true

function serializerOf (schema: TSchema): Serialize {
  let serialize = serializers.get(schema)
  if (!serialize) serializers.set(schema, serialize = fastJson(schema))
  return serialize
}
