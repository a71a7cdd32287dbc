/** The parts of an OpenAPI document, of any version, that concern security and shared schemas. */
export type Document = {
  swagger?: string
  openapi?: string
  components?: { securitySchemes?: Record<string, Scheme>, schemas?: Record<string, unknown> }
  definitions?: Record<string, unknown>
  securityDefinitions?: Record<string, Scheme>
  paths?: Record<string, Record<string, unknown>>
}
export type Security = Record<string, string[]>[]
type Scheme = { type?: string, scheme?: string, in?: string, name?: string }
type Name = 'bearer' | 'browser' | 'client'

const BEARER = 'Access token (RFC 6750)'
const BROWSER = 'Browser session of the login page'
const CLIENT = 'client_id and client_secret (RFC 6749 section 2.3.1)'

/** @param cookie name of the cookie of a browser session */
export function securitySchemes (cookie: string) {
  return {
    bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: BEARER },
    browser: { type: 'apiKey', in: 'cookie', name: cookie, description: BROWSER },
    client: { type: 'http', scheme: 'basic', description: CLIENT }
  } as const
}

/** Swagger 2 has neither bearer nor cookie schemes, only headers. */
function swagger2Schemes (cookie: string): Record<Name, Scheme> {
  const header = (name: string, description: string) => ({ type: 'apiKey', in: 'header', name, description })
  return {
    bearer: header('Authorization', `${BEARER}: "Bearer" and the token`),
    browser: header('Cookie', `${BROWSER}: ${cookie}`),
    client: Object.assign({ type: 'basic' }, { description: CLIENT })
  }
}

/** Whether a document is older than OpenAPI 3.1. */
export const isOld = ({ swagger, openapi = '3.0.3' }: Document) => swagger !== undefined || openapi.startsWith('3.0')

/**
 * Defines in a document of the host the schemes that our routes and guards refer to. A scheme that the host has defined under the same name
 * is used if it is equivalent; otherwise ours gets another name. The objects that the host passed as options are not changed.
 * @returns the security requirement of the operation
 */
export function defineSchemes (document: Document, security: Security, cookie: string): Security {
  const ours: Record<string, Scheme> = document.swagger === undefined ? securitySchemes(cookie) : swagger2Schemes(cookie)
  const theirs = document.swagger === undefined ? document.components?.securitySchemes : document.securityDefinitions
  const defined = { ...theirs }
  const named = security.map((group) => Object.fromEntries(Object.entries(group).map(([name, scopes]) => {
    const scheme = ours[name]!
    const free = [name, `latchkey-${name}`].find((candidate) => !Object.hasOwn(defined, candidate) || means(defined[candidate]!, scheme))!
    defined[free] ??= scheme
    // Before OpenAPI 3.1 only schemes of OAuth 2 and OpenID Connect may list scopes
    return [free, isOld(document) ? [] : scopes]
  })))
  if (document.swagger === undefined) document.components = { ...document.components, securitySchemes: defined }
  else document.securityDefinitions = defined
  return named
}

function means (one: Scheme, other: Scheme): boolean {
  const same = (field: keyof Scheme) => one[field]?.toLowerCase() === other[field]?.toLowerCase()
  return same('type') && same('scheme') && same('in') && (same('name') || one.type !== 'apiKey')
}
