import { Type } from 'typebox'

/** As JSON says that there is none. */
export const nullable = <Schema extends Type.TSchema>(schema: Schema) => Type.Union([schema, Type.Null()])
