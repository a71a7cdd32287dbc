import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import fastJson from 'fast-json-stringify'
import type { FastifySchemaCompiler } from 'fastify'
import type { FastifySerializerCompiler } from 'fastify/types/schema.js'
import type { TSchema } from 'typebox'

type Validate = ReturnType<FastifySchemaCompiler<TSchema>>
type Serialize = ReturnType<FastifySerializerCompiler<TSchema>>

// Routes share the schemas of their errors
const serializers = new WeakMap<TSchema, Serialize>()

/** Compiled at the first request: a start does not wait for routes that nobody has called yet. */
export const compileValidator: FastifySchemaCompiler<TSchema> = (route) => {
  let validate: Validate | undefined
  return (data) => (validate ??= TypeBoxValidatorCompiler(route))(data)
}

/** Compiled at the first answer of its kind. */
export const compileSerializer: FastifySerializerCompiler<TSchema> = ({ schema }) => {
  let serialize: Serialize | undefined
  return (data) => (serialize ??= serializerOf(schema))(data)
}

/** For handlers that tell everything that is missing at once; what is required stands in OpenAPI all the same. */
export const requiredLater: FastifySchemaCompiler<TSchema> = (route) =>
  compileValidator({ ...route, schema: { ...route.schema, required: [] } })

/** For requests that the protocol checks, which answers in its own words: their schema is there to be read. */
export const checkedByProtocol: FastifySchemaCompiler<TSchema> = () => () => true

function serializerOf (schema: TSchema): Serialize {
  let serialize = serializers.get(schema)
  if (!serialize) serializers.set(schema, serialize = fastJson(schema))
  return serialize
}
