import type { Document } from './security.ts'

/** Titles of the schemas that many answers use. */
const SHARED = ['LatchkeyError', 'LatchkeyOAuthError']

type Schema = { title?: string, $ref?: string }
type Holder = { schema?: Schema }
type Answer = Holder & { content?: Record<string, Holder> }

/**
 * Defines the schemas that many of our answers use once, under their titles, and refers to them: generated clients get one type for each,
 * and the document is less than half as long. A definition of the host under such a name stays, and ours is then written out in place.
 */
export function shareSchemas (document: Document): void {
  const isOpenApi = document.swagger === undefined
  const defined = (isOpenApi ? document.components?.schemas : document.definitions) ?? {}
  const names = SHARED.filter((title) => !Object.hasOwn(defined, title))
  const added: Record<string, Schema> = {}
  for (const holder of answersOf(document)) {
    const { schema } = holder
    if (schema?.title === undefined || !names.includes(schema.title)) continue
    added[schema.title] ??= schema
    holder.schema = { $ref: `${isOpenApi ? '#/components/schemas' : '#/definitions'}/${schema.title}` }
  }
  if (Object.keys(added).length === 0) return
  if (isOpenApi) document.components = { ...document.components, schemas: { ...defined, ...added } }
  else document.definitions = { ...defined, ...added }
}

function answersOf ({ paths = {} }: Document): Holder[] {
  const operations = Object.values(paths).flatMap((path) => Object.values(path)) as { responses?: Record<string, Answer> }[]
  return operations.flatMap((operation) =>
    Object.values(operation?.responses ?? {}).flatMap((answer) => [answer, ...Object.values(answer.content ?? {})])
  )
}
