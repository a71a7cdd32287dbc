import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createClient } from '@hey-api/openapi-ts'
import openapiTypescript, { astToString } from 'openapi-typescript'
import t from 'tap'
import ts from 'typescript'
import { readyAttributes } from '../../src/schemas/identifiers.ts'
import { sharedServers } from '../support/shared-server.ts'
import { lintErrors } from '../support/lint-openapi.ts'
import { problemsOf, typePrograms } from '../support/type-program.ts'

const build = sharedServers(t)

const { app } = await build(t, { login: { attributes: readyAttributes } })
const document = (await app.inject('/docs/json')).json<{ paths: Record<string, Record<string, { operationId?: string }>> }>()

/**
 * As in a strict project; what the generators add of their own is not written for `exactOptionalPropertyTypes`. TypeScript's own
 * declarations are not checked.
 */
const OPTIONS: ts.CompilerOptions = {
  strict: true,
  noUncheckedIndexedAccess: true,
  noEmit: true,
  skipDefaultLibCheck: true,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
  types: []
}
const programOf = typePrograms(t)
const compile = (file: string) => problemsOf(programOf(OPTIONS, [file]))

t.test('an OpenAPI linter finds nothing wrong with the document', async (t) => {
  t.same(await lintErrors(document), [])
})

t.test('every operation has an id that generators turn into a function name', async (t) => {
  const ids = Object.values(document.paths).flatMap((path) => Object.values(path)).map(({ operationId }) => operationId)
  t.equal(new Set(ids).size, ids.length)
  for (const id of ids) t.match(id, /^(get|post|put|patch|delete)([A-Z][a-zA-Z0-9]*)+$/)
  for (const known of [
    'getProfile', 'postOauthToken', 'postClientsByClientLogin', 'getLoginPage', 'deleteOauthClientsById',
    'getWellKnownJwksJson'
  ]) t.ok(ids.includes(known), known)
})

t.test('operation ids do not depend on the prefix', async (t) => {
  const { app } = await build(t, { prefix: '/auth', appUrl: 'https://id.example.com/sso' })
  const moved = (await app.inject('/auth/docs/json')).json<typeof document>()
  const idsOf = ({ paths }: typeof document) =>
    Object.values(paths).flatMap((path) => Object.values(path)).map(({ operationId }) => operationId).sort()
  t.same(idsOf(moved), idsOf(document))
})

t.test('openapi-typescript generates types that compile', async (t) => {
  const folder = t.testdir({
    'use.ts': `import type { paths } from './api'
type Answer = paths['/v1/profile']['get']['responses'][200]['content']['application/json']
export const id = (user: Answer): string => user.id
type Login = paths['/v1/clients/{client}/login']['post']['requestBody']['content']['application/json']
export const login: Login = { email: 'ada@example.com', password: 'x' }
export type Query = NonNullable<paths['/v1/oauth/authorize']['get']['parameters']['query']>['client_id']
`
  })
  writeFileSync(join(folder, 'api.ts'), astToString(await openapiTypescript(document as never)))
  t.same(compile(join(folder, 'use.ts')), [])
})

t.test('@hey-api/openapi-ts generates a client that compiles', async (t) => {
  const folder = t.testdir({})
  const input = join(folder, 'openapi.json')
  writeFileSync(input, JSON.stringify(document))
  await createClient({
    input, output: { path: join(folder, 'client') },
    plugins: ['@hey-api/client-fetch', '@hey-api/typescript', '@hey-api/sdk'], logs: { level: 'silent' }
  })
  const use = join(folder, 'use.ts')
  writeFileSync(use, `import { getProfile, postClientsByClientLogin } from './client'
export async function name (): Promise<string | null | undefined> {
  const { data } = await postClientsByClientLogin({ path: { client: 'web' }, body: { email: 'ada@example.com', password: 'x' } })
  const profile = await getProfile({ headers: { authorization: \`Bearer \${data?.access_token}\` } })
  return profile.data?.name
}
`)
  t.same(compile(use), [])
})
