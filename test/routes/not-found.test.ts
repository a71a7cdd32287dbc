import t from 'tap'
import { buildServer } from '../../src/server/server.ts'
import { createDatabase, FAST } from '../support/start-server.ts'

t.test('an unknown path is a page for browsers and JSON for programs', async (t) => {
  const { app } = await buildServer({ ...FAST, logLevel: 'silent', databaseUrl: await createDatabase(t) }, {})
  t.teardown(() => app.close())
  const page = await app.inject({ url: '/nowhere?"><script>', headers: { accept: 'text/html', 'accept-language': 'de' } })
  t.match(
    [page.statusCode, page.headers['content-type'], page.headers['cache-control'], page.headers['x-frame-options']],
    [404, /^text\/html/, 'no-store', 'DENY']
  )
  t.match(page.headers['content-security-policy'], /^default-src 'none'; style-src 'self'/)
  t.match(page.body, '<html lang="de"')
  t.notMatch(page.body, '<script')
  const json = await app.inject('/nowhere?x')
  t.match([json.statusCode, json.json()], [404, { code: 'LK_NOT_FOUND', message: 'There is no GET /nowhere; see /docs' }])
})
