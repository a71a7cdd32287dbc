import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Services } from '../../src/services.ts'
import type { Profile } from '../../src/users/ports.ts'
import { createBrand } from '../../src/views/brand.ts'
import type { Csrf, Page } from '../../src/views/page.ts'
import { scriptHash } from '../../src/views/script.ts'
import type { Stylesheet } from '../../src/views/style.css.ts'
import { pickLanguage } from '../../src/views/texts/index.ts'
import { createCsrf } from './csrf.ts'
import { setPolicy, type Policy } from './headers.ts'

/** What every page is made with. */
export type Kit = {
  stylesheet: Stylesheet
  /** Path of the script, for the one page that has it. */
  script: string
  /** A path under the issuer, with parameters; those that are undefined are left out. */
  link: (path: string, params?: Record<string, string | undefined>) => string
  page: (request: FastifyRequest, uiLocales?: string) => Page
  csrf: (reply: FastifyReply) => Csrf
  checkCsrf: (request: FastifyRequest, reply: FastifyReply) => Promise<void>
  send: <Model>(reply: FastifyReply, view: (model: Model) => string, model: Model, policy?: Policy) => FastifyReply
  /** How a user is called on the pages. */
  accountName: (userId: string) => Promise<string>
}

export async function createKit ({ config, attributes, store }: Services): Promise<Kit> {
  const { basePath } = config
  const brand = createBrand({ name: 'Latchkey', basePath })
  const csrf = await createCsrf(config.appUrl)

  function page ({ headers, query }: FastifyRequest, uiLocales?: string): Page {
    const { ui_locales: asked } = (query ?? {}) as { ui_locales?: unknown }
    return { brand, ...pickLanguage({ uiLocales: uiLocales ?? (typeof asked === 'string' ? asked : undefined), acceptLanguage: headers['accept-language'] }) }
  }

  function nameOf ({ name, identifiers }: Profile): string {
    const first = attributes.flatMap((attribute) => identifiers.find((identifier) => identifier.attribute === attribute.name) ?? [])[0]
    return first?.display ?? name ?? ''
  }

  return {
    stylesheet: brand.stylesheet,
    script: `${basePath}/assets/latchkey.${scriptHash}.js`,
    link: (path, params = {}) => basePath + path + queryOf(params),
    page,
    csrf: csrf.field,
    checkCsrf: csrf.check,
    send (reply, view, model, policy = {}) {
      setPolicy(reply, policy)
      return reply.type('text/html; charset=utf-8').send(view(model))
    },
    async accountName (userId) {
      const profile = await store.users.profile(userId)
      return profile ? nameOf(profile) : ''
    }
  }
}

function queryOf (params: Record<string, string | undefined>): string {
  const present = Object.entries(params).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '')
  return present.length === 0 ? '' : `?${new URLSearchParams(present)}`
}
