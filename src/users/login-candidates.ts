import { candidatesFor, type Attributes, type Identifier } from './attributes.ts'

export type Candidates = {
  /** In configured order, each once. */
  candidates: Identifier[]
  /** No login field was sent at all. */
  missing: boolean
  /** Per field that was sent and cannot be such a value. */
  errors: Record<string, string[]>
}

/**
 * The login fields of a body under their own names, `username` among them; an empty string counts as absent.
 * @param prefix put before each name in the body; a dot descends into an object
 */
export function loginFields (attributes: Attributes, body: Record<string, unknown>, prefix: string): Record<string, unknown> {
  const names = ['username', ...attributes.map(({ name }) => name)]
  const entries = names.map((name) => [name, read(body, prefix + name)] as const)
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined && value !== ''))
}

/**
 * Who login fields may mean. An attribute's own name is looked up as that attribute only;
 * `username` means any configured attribute whose schema it satisfies.
 */
export function candidatesFrom (attributes: Attributes, fields: Record<string, unknown>): Candidates {
  const errors: Record<string, string[]> = {}
  const { username } = fields
  const anyone = candidatesFor(attributes, username)
  if (username !== undefined && anyone.length === 0) {
    errors['username'] = [`must be ${attributes.map(({ title }) => withArticle(title)).join(' or ')}`]
  }
  let missing = username === undefined
  const candidates = attributes.flatMap((attribute) => {
    const meant = anyone.filter((identifier) => identifier.attribute === attribute.name)
    const own = attribute.name === 'username' ? undefined : fields[attribute.name]
    if (own === undefined) return meant
    missing = false
    const identifier = attribute.parse(own)
    if (!identifier) errors[attribute.name] = [`must be ${withArticle(attribute.title)}`]
    return identifier ? [identifier, ...meant] : meant
  })
  return { candidates, missing, errors }
}

/** Laravel's words, which front ends know. */
export function requiredErrors (attributes: Attributes): Record<string, string[]> {
  const names = attributes.map(({ name }) => name)
  return Object.fromEntries(names.map((name) => {
    const others = names.filter((other) => other !== name)
    return [name, [requiredMessage(name, others.length > 0 ? ` when none of ${others.join(' / ')} are present` : '')]]
  }))
}

export function requiredMessage (field: string, when = ''): string {
  return `The ${field.replaceAll('_', ' ')} field is required${when}.`
}

export function withArticle (title: string): string {
  return `${/^[aeio]/i.test(title) ? 'an' : 'a'} ${title}`
}

function read (body: Record<string, unknown>, path: string): unknown {
  let value: unknown = body
  for (const step of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = (value as Record<string, unknown>)[step]
  }
  return value
}
