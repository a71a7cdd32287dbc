import Fastify, { type FastifyInstance, type InjectOptions, type LightMyRequestResponse } from 'fastify'
import t, { type Test } from 'tap'
import { latchkey } from '../../../src/index.ts'
import { sharedServers } from '../../support/shared-server.ts'
import { createDatabase, FAST, PASSWORD } from '../../support/start-server.ts'
import { tagsOf } from '../../unit/views/html.ts'
import { authorizeUrl, makeApp, visit } from '../../support/visitor.ts'

const build = sharedServers(t)

const BASE = '/auth'

/** A proxy that forwards what is under the path of APP_URL, without it; and keeps what came back. */
function behindProxy (app: FastifyInstance): { front: FastifyInstance, answers: LightMyRequestResponse[] } {
  const answers: LightMyRequestResponse[] = []
  const inject = async ({ url, ...rest }: InjectOptions & { url: string }) => {
    if (!/^\/auth(?=[/?]|$)/.test(url)) throw new Error(`${url} does not come here`)
    const answer = await app.inject({ ...rest, url: url.slice(BASE.length) || '/' })
    answers.push(answer)
    return answer
  }
  return { front: { inject } as unknown as FastifyInstance, answers }
}

/** All addresses that a browser would go to, and where its cookies go. */
function pathsOf ({ headers, body }: LightMyRequestResponse): string[] {
  const linked = /html/.test(String(headers['content-type']))
    ? tagsOf(body).flatMap(({ attributes: { href, src, action } }) => [href, src, action])
    : []
  const cookies = [headers['set-cookie'] ?? []].flat().map((cookie) => /; Path=([^;]*)/.exec(cookie)?.[1] ?? '')
  return [headers.location, ...linked, ...cookies].filter((path): path is string => path !== undefined && /^(?!data:|#|https?:)/.test(path))
}

const isBelow = (path: string) => path === BASE || path.startsWith(`${BASE}/`)

t.test('behind a proxy that strips the path of APP_URL, redirects, links, forms and cookies still have it', async (t) => {
  const { app } = await build(t, { appUrl: `http://localhost:3000${BASE}` })
  const { front, answers } = behindProxy(app)
  const client = await makeApp(app)
  const visitor = visit(front)

  const login = await visitor.follow(await visitor.get('/auth/account?x=1'))
  t.match(login.body, /name="return_to" value="\/auth\/account\?x=1"/)
  await visitor.follow(await visitor.get('/auth/register'))
  const account = await visitor.follow(
    await visitor.submit(await visitor.get('/auth/register?return_to=/auth/account'), { email: 'ada@example.com', password: PASSWORD })
  )
  t.match([account.statusCode, account.body], [200, /Your account/])
  await visitor.follow(
    await visitor.submit(await visitor.get('/auth/login?prompt=login'), { username: 'ada@example.com', password: PASSWORD })
  )
  const consent = await visitor.follow(await visitor.get(BASE + authorizeUrl(client.id)))
  t.match((await visitor.submit(consent, { decision: 'allow' })).headers.location, /^https:\/\/app\.example\.com\/callback\?code=/)
  await visitor.submit(await visitor.get('/auth/device'), { user_code: 'WDJB-MJHT' })
  await visitor.get('/auth/v1/oauth/device?user_code=WDJB-MJHT')
  await visitor.post('/auth/login', { username: 'ada@example.com' })
  await visitor.get('/auth/nothing')
  await visitor.follow(await visitor.submit(await visitor.get('/auth/logout')))
  const loggedIn = await front.inject({
    method: 'POST', url: '/auth/v1/clients/web/login', payload: { email: 'ada@example.com', password: PASSWORD }
  })
  t.equal(loggedIn.statusCode, 200)

  const paths = answers.flatMap(pathsOf)
  t.ok(paths.length > 20)
  t.same(paths.filter((path) => !isBelow(path)), [])
})

t.test('behind a proxy that strips the path of APP_URL, the documentation page loads its files', async (t) => {
  const { app } = await build(t, { appUrl: `http://localhost:3000${BASE}` })
  const { front } = behindProxy(app)
  for (const page of ['/auth/docs', '/auth/docs/']) {
    const answer = await front.inject({ url: page })
    const files = tagsOf(answer.body).flatMap(({ attributes: { href, src } }) => href ?? src ?? [])
    t.ok(files.length >= 5)
    for (const file of files) {
      t.equal((await front.inject({ url: new URL(file, `http://localhost:3000${page}`).pathname })).statusCode, 200, file)
    }
  }
  t.equal((await front.inject({ url: '/auth/docs/static/index.html' })).headers.location, '/auth/docs/')
  t.match((await front.inject({ url: '/auth/docs/nothing' })).json(), { message: /see \/auth\/docs$/ })
  t.same((await front.inject({ url: '/auth/docs/json' })).json<{ servers: unknown }>().servers, [{ url: 'http://localhost:3000/auth' }])
})

async function createHost (t: Test, rewrite?: boolean): Promise<FastifyInstance> {
  const host = Fastify(rewrite === true ? { rewriteUrl: ({ url }) => url!.replace(/^\/app(?=\/)/, '') } : {})
  t.teardown(() => host.close())
  await host.register(latchkey, { ...FAST, databaseUrl: await createDatabase(t), appUrl: 'https://example.com/app', prefix: '/auth' })
  host.get('/orders', { onRequest: host.authGuard('web') }, async ({ auth }) => ({ by: auth.userId }))
  await host.ready()
  return host
}

t.test("a guest of a host's route returns to the address that the browser shows, whether a proxy or the host strips the path of APP_URL", async (t) => {
  const accept = { accept: 'text/html' }
  const expected = '/app/auth/login?return_to=%2Fapp%2Forders%3Fpage%3D2'
  const stripped = await createHost(t)
  t.equal((await stripped.inject({ url: '/orders?page=2', headers: accept })).headers.location, expected)
  const rewriting = await createHost(t, true)
  t.equal((await rewriting.inject({ url: '/app/orders?page=2', headers: accept })).headers.location, expected)
  t.equal((await rewriting.inject({ url: '/orders?page=2', headers: accept })).headers.location, expected)
})
