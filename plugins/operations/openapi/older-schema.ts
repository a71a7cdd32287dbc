type Schema = Record<string, unknown>

const isObject = (value: unknown): value is Schema => typeof value === 'object' && value !== null && !Array.isArray(value)

/** The schema of a route in the form of Swagger 2, which has no unions, no null, a single example and no bodies by media type. */
export function forSwagger2 (schema: Schema): Schema {
  const { body, querystring, params, response = {}, ...rest } = schema
  return {
    ...rest,
    ...(isObject(body) && { body: fields(body) }),
    ...(isObject(querystring) && { querystring: fields(querystring) }),
    ...(isObject(params) && { params: fields(params) }),
    response: Object.fromEntries(Object.entries(response as Record<string, Schema>).map(([status, answer]) => [status, answerOf(answer)]))
  }
}

/** Swagger 2 lists the parameters of a form or query one by one; properties with arbitrary names are left out. */
function fields (schema: Schema): Schema {
  const { patternProperties: _any, ...known } = simple(schema)
  const properties = isObject(known['properties']) ? known['properties'] : {}
  return {
    ...known,
    properties: Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, parameter(property as Schema)]))
  }
}

/** A parameter must have a type and cannot have an example. */
function parameter ({ example: _example, type = 'string', ...schema }: Schema): Schema {
  return { ...schema, type }
}

function answerOf (answer: Schema): Schema {
  return isObject(answer['content']) ? { type: 'string', description: answer['description'] } : simple(answer)
}

function simple (schema: Schema): Schema {
  const union = schema['anyOf']
  if (Array.isArray(union)) {
    const members = (union as Schema[]).filter(({ type }) => type !== 'null')
    const { anyOf: _union, ...rest } = schema
    const constants = members.map((member) => member['const'])
    if (constants.every((value) => typeof value === 'string')) return simple({ ...rest, type: 'string', enum: constants })
    return simple(members.length === 1 ? { ...members[0], ...rest } : rest)
  }
  return Object.fromEntries(
    Object.entries(schema).flatMap(([keyword, value]): [string, unknown][] => {
      if (keyword === 'examples') return [['example', (value as unknown[])[0]]]
      if (keyword === 'const') return [['enum', [value]]]
      if (keyword === 'properties') {
        return [[
          keyword,
          Object.fromEntries(Object.entries(value as Record<string, Schema>).map(([name, property]) => [name, simple(property)]))
        ]]
      }
      if (keyword === 'additionalProperties') return [[keyword, isObject(value) ? simple(value) : value]]
      return [[keyword, keyword === 'items' ? simple(value as Schema) : value]]
    })
  )
}
