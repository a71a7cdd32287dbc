import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'

/** For handlers that tell everything that is missing at once; what is required stands in OpenAPI all the same. */
export const requiredLater: FastifySchemaCompiler<TSchema> = (route) =>
  TypeBoxValidatorCompiler({ ...route, schema: { ...route.schema, required: [] } })
