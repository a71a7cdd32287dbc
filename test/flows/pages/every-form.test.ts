import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { readyAttributes } from '../../../src/schemas/identifiers.ts'
import { call } from '../../support/machines.ts'
import { createMailbox, tokenIn } from '../../support/mailbox.ts'
import { sql } from '../../support/session-rows.ts'
import { build, PASSWORD } from '../../support/start-server.ts'
import { formOf, logIn, visit, type Fields } from '../../support/visitor.ts'
import { internals } from '../../../plugins/internals.ts'

const FORM = 'application/x-www-form-urlencoded'
/** Written at any request, or by time. */
const PASSING = ['feed_pulse', 'rate_limits', 'audit_events', 'revocations', 'settings', '_prisma_migrations']

const NO_ID = '00000000-0000-4000-8000-000000000000'

type Operation = { tags?: string[], requestBody?: { content: Record<string, { schema?: { properties?: object } }> } }
type Page = { path: string, method: string, names: string[] }

/** Every page of the document: a page that is added is tried, too. */
async function pagesOf (app: FastifyInstance): Promise<Page[]> {
  const { paths } = (await app.inject('/docs/json')).json<{ paths: Record<string, Record<string, Operation>> }>()
  return Object.entries(paths).flatMap(([path, methods]) => Object.entries(methods).flatMap(([method, { tags, requestBody }]) => {
    const names = Object.keys(requestBody?.content[FORM]?.schema?.properties ?? {})
    return tags?.includes('Pages') ? [{ path: path.replace(/\{\w+\}/g, 'x'), method, names }] : []
  }))
}

/** What is stored, but for what passes and for when a session was seen. */
async function stored (app: FastifyInstance): Promise<string> {
  const tables = await sql<{ name: string }>(
    app, "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' AND table_name <> ALL ($1) ORDER BY 1", [PASSING]
  )
  const rows = await Promise.all(tables.map(async ({ name }) => [
    name, await sql(app, `SELECT to_jsonb(r) - 'last_seen_at' AS row FROM "${name}" r ORDER BY 1`)
  ]))
  return JSON.stringify(rows)
}

/** A browser whose user has a change that waits and one that can be undone, and the tokens of all links. */
async function ada (t: Test) {
  const box = createMailbox()
  const { app } = await build(t, {
    ...box.options, login: { attributes: readyAttributes }, terms: { version: '2', url: 'https://example.com/terms' }
  })
  const made = await app.inject({
    method: 'POST', url: '/v1/register', payload: { email: 'ada@example.com', username: 'ada', password: PASSWORD, terms_accepted: true }
  })
  const user = made.json<{ id: string }>()
  const links = [tokenIn((await box.fetch(app))[0]!)]
  const visitor = visit(app)
  await logIn(visitor)
  const page = await visitor.get('/account/profile')
  await visitor.submit(page, { email: 'ada@new.example', username: 'ada' })
  links.push(tokenIn((await box.fetch(app))[0]!))
  const issue = internals(app).verification.tokens.issue
  for (const purpose of ['undo', 'reset'] as const) {
    links.push((await issue({ purpose, userId: user.id, identifier: { attribute: 'email', value: 'ada@example.com' } }))!.token)
  }
  return { app, visitor, links }
}

t.test('a GET of any page, also with the token of a link, changes nothing', async (t) => {
  const { app, visitor, links } = await ada(t)
  const pages = (await pagesOf(app)).filter(({ method }) => method === 'get')
  t.ok(pages.length >= 20, `${pages.length} pages`)
  for (const { path } of pages.filter(({ path }) => !path.includes('authorize'))) {
    const before = await stored(app)
    for (const query of ['', ...links.map((token) => `?token=${token}`), '?done=1&sent=1&send=1&cancel=1&decision=allow&terms_accepted=true']) {
      await visitor.get(path + query)
      await app.inject({ method: 'HEAD', url: path + query, headers: { cookie: [...visitor.cookies].map((pair) => pair.join('=')).join('; ') } })
    }
    t.equal(await stored(app), before, path)
  }
})

t.test('RFC 6749 section 10.12: every form needs its CSRF token, and is refused from another site; nothing changes', async (t) => {
  const { app, visitor, links } = await ada(t)
  const csrf = formOf(await visitor.get('/account/profile')).hidden['_csrf']!
  const [verify] = links
  const typed: Fields = {
    token: verify!, code: '000000', password: PASSWORD, current_password: PASSWORD, new_password: 'another horse battery', email: 'eve@example.com',
    username: 'eve', name: 'Eve', attribute: 'email', cancel: '1', decision: 'restore', terms_accepted: 'true', days: '30', user_code: 'BCDFGHJK'
  }
  const forms = (await pagesOf(app)).filter(({ method }) => method === 'post')
  t.ok(forms.length >= 15, `${forms.length} forms`)
  const before = await stored(app)
  for (const { path, names } of forms) {
    for (const token of links) {
      const fields = Object.fromEntries(names.map((name) => [name, { ...typed, token }[name] ?? NO_ID]))
      for (const [_csrf, headers] of [
        ['', {}], ['x', {}], [csrf, { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }], [csrf, { origin: 'null', 'sec-fetch-site': '' }]
      ] as [string, Fields][]) {
        const { statusCode } = await visitor.post(path, { ...fields, _csrf }, headers)
        t.equal(statusCode, 403, `${path} ${_csrf === csrf ? JSON.stringify(headers) : _csrf}`)
      }
      if (!names.includes('token')) break
    }
  }
  t.equal(await stored(app), before)
  t.equal((await call(app, 'GET', '/v1/profile')).statusCode, 401)
})
