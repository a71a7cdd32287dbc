import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import ts from 'typescript'
import { Settings } from '../../src/config/settings.ts'
import { packageRoot } from '../../src/database/package-root.ts'
import { problemsOf, typePrograms } from '../support/type-program.ts'

const programOf = typePrograms(t)
const problems = (options: ts.CompilerOptions, folder: string, ...names: string[]) =>
  problemsOf(programOf(options, names.map((name) => join(folder, name))))

/** An app that has nothing but Fastify and this package, as pnpm lays it out: what it does not name it cannot see. */
function appOf (t: Test, files: Record<string, string>): string {
  const folder = t.testdir(files)
  const modules = join(folder, 'node_modules')
  mkdirSync(modules)
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  symlinkSync(join(packageRoot, 'node_modules/fastify'), join(modules, 'fastify'))
  symlinkSync(packageRoot, join(modules, 'latchkey'))
  return folder
}

const BASE: ts.CompilerOptions = {
  strict: true,
  noEmit: true,
  skipLibCheck: false,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  types: [join(packageRoot, 'node_modules/@types/node')]
}
const STRICTEST: ts.CompilerOptions = {
  ...BASE, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, verbatimModuleSyntax: true
}
// Where it is not the declarations that are checked: that takes most of the time
const QUICK: ts.CompilerOptions = { ...BASE, skipLibCheck: true }

const APP = `import Fastify from 'fastify'
import { authGuard, clientProxy, latchkey, oauth, Type, type Auth, type GuardOptions, type LatchkeyOptions } from 'latchkey'
import { actingAs } from 'latchkey/testing'
const guard: GuardOptions = { scopes: ['orders:read'] }
const options: LatchkeyOptions = { prefix: '/auth', login: { attributes: { code: Type.String({ pattern: '^E[0-9]+$' }) } }, views: { login: (model, reply) => reply.send(model.action) } }
const app = Fastify()
await app.register(latchkey, options)
await app.register(async (scope) => { await scope.register(oauth, { accessTokenTtl: 60 }) })
await app.register(clientProxy, { issuer: 'https://id.example.com', clients: { web: { id: 'a', secret: 'b' } } })
await app.register(authGuard, { issuer: 'https://id.example.com' })
app.get('/orders', { onRequest: app.authGuard('api', guard) }, async ({ auth }): Promise<Auth | null> => auth)
app.latchkey.on('login.failed', ({ reason }) => { console.log(reason) })
export { actingAs, app }
`

// A library whose types of JSX are global, as React's were
const GLOBAL_JSX =
  'declare global { namespace JSX { interface Element { own: true } interface IntrinsicElements { own: { x: string } } } }\nexport const element: JSX.Element = { own: true }\n'

t.test("our declarations compile without skipLibCheck, beside another library's global JSX types", async (t) => {
  const folder = appOf(t, { 'app.ts': APP, 'jsx.ts': GLOBAL_JSX })
  t.same(problems(STRICTEST, folder, 'app.ts', 'jsx.ts'), [])
})

/** What the text around a block speaks of. */
const AROUND = `import type { FastifyInstance } from 'fastify'
import 'latchkey'
declare module 'fastify' { interface FastifyReply { view (page: string, data: object): FastifyReply } }
declare global {
  const app: FastifyInstance, clientId: string, clientSecret: string, currentUrl: URL
  function placeOrder (userId: string): Promise<object>
}
`

t.test('the code of the README compiles', async (t) => {
  const blocks = [...readFileSync(join(packageRoot, 'README.md'), 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code!)
  t.ok(blocks.length > 6)
  const files = Object.fromEntries(blocks.map((code, index) => [`block-${index}.ts`, `${code}\nexport {}\n`]))
  const folder = appOf(t, { 'around.d.ts': AROUND, ...files })
  symlinkSync(join(packageRoot, 'node_modules/openid-client'), join(folder, 'node_modules/openid-client'))
  t.same(problems(QUICK, folder, 'around.d.ts', ...Object.keys(files)), [])
})

t.test('a CommonJS app in TypeScript has the types, too', async (t) => {
  const folder = appOf(t, {
    'app.cts':
      "import Fastify = require('fastify')\nimport { latchkey, Type } from 'latchkey'\nconst app = Fastify()\napp.register(latchkey, { login: { attributes: { code: Type.String() } } })\nexport = app\n"
  })
  t.same(problems(QUICK, folder, 'app.cts'), [])
})

t.test('a mistake in an option is a type error', async (t) => {
  const folder = appOf(t, {
    'app.ts': APP.replace("scopes: ['orders:read']", "scope: ['orders:read']").replace('accessTokenTtl: 60', 'accessTokenTTL: 60')
  })
  t.match(
    problems(QUICK, folder, 'app.ts').join('\n'),
    /'scope' does not exist[^]*'accessTokenTTL' does not exist|accessTokenTTL[^]*'scope' does not exist/
  )
})

// What differs by server and logger: its types run through those of requests and hooks
const OTHER_SERVERS = `import type { Logger } from 'pino'
import Fastify, { type FastifyInstance } from 'fastify'
import { authGuard, authOf, clientProxy, latchkey } from 'latchkey'
declare const logger: Logger
async function logged (): Promise<void> {
  const app = Fastify({ loggerInstance: logger })
  USE
}
async function http2 (): Promise<void> {
  const app = Fastify({ http2: true, https: {} })
  USE
}
export { logged, http2, type FastifyInstance }
`
const USE = `await app.register(latchkey, { prefix: '/auth' })
  await app.register(authGuard, { issuer: 'https://id.example.com' })
  await app.register(clientProxy, { issuer: 'https://id.example.com', clients: { web: { id: 'a', secret: 'b' } } })
  const guard = app.authGuard('api')
  app.addHook('onRequest', guard)
  app.get('/orders', { onRequest: guard }, async (request) => [request.auth.userId, guard.auth(request).userId, authOf(request)?.userId])
  app.get('/account', { onRequest: [guard, app.authGuard('web', { optional: true })] }, async (request, reply) => {
    await app.latchkey.browser.logOut(request, reply)
    return await app.latchkey.browser.session(request)
  })`

t.test('plugins and guards can be used with a logger of the host and with HTTP/2', async (t) => {
  const folder = appOf(t, { 'app.ts': OTHER_SERVERS.replaceAll('USE', USE) })
  symlinkSync(join(packageRoot, 'node_modules/pino'), join(folder, 'node_modules/pino'))
  t.same(problems(QUICK, folder, 'app.ts'), [])
})

type Described = { properties?: Record<string, Described>, description?: string }

t.test('every option has a description in editors', async (t) => {
  const program = programOf(QUICK, [join(packageRoot, 'dist/src/index.d.ts')])
  const checker = program.getTypeChecker()
  const door = checker.getSymbolAtLocation(program.getSourceFile(join(packageRoot, 'dist/src/index.d.ts'))!)!
  const typeOf = (name: string) =>
    checker.getDeclaredTypeOfSymbol(checker.getAliasedSymbol(checker.getExportsOfModule(door).find((symbol) => symbol.name === name)!))
  const textOf = (symbol: ts.Symbol) => ts.displayPartsToString(symbol.getDocumentationComment(checker))

  function compare (type: ts.Type, properties: Record<string, Described>, path: string): void {
    for (const [name, { properties: inner, description }] of Object.entries(properties)) {
      const symbol = type.getProperty(name)
      t.ok(
        symbol && textOf(symbol).startsWith(description ?? 'Options of'),
        `${path}${name}: ${symbol ? textOf(symbol) : 'is missing; npm run docs:options'}`
      )
      if (symbol && inner) compare(checker.getNonNullableType(checker.getTypeOfSymbol(symbol)), inner, `${path}${name}.`)
    }
  }

  compare(typeOf('LatchkeyOptions'), Settings.properties as unknown as Record<string, Described>, '')
  for (const name of ['LatchkeyOptions', 'GuardOptions']) {
    for (const symbol of typeOf(name).getProperties()) t.ok(textOf(symbol).length > 10, `${name}.${symbol.name}`)
  }
  for (const name of ['AuthGuardOptions', 'ClientProxyOptions']) {
    const members = typeOf(name)
    for (const type of members.isUnion() ? members.types : [members]) {
      for (const symbol of type.getProperties()) t.ok(textOf(symbol).length > 8, `${name}.${symbol.name}: ${textOf(symbol)}`)
    }
  }
})
