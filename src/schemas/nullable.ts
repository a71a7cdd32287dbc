import { Type } from 'typebox'

/** Null states explicitly that there is no value. */
export const nullable = <Schema extends Type.TSchema>(schema: Schema) => Type.Union([schema, Type.Null()])
