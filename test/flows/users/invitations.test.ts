import t from 'tap'
import { build, PASSWORD, register } from '../../support/start-server.ts'
import { authorizeUrl, makeApp, visit } from '../../support/visitor.ts'
import { sql } from '../../support/session-rows.ts'

const ADA = 'ada@example.com'

t.test('with REGISTRATION=invite nobody registers without an invitation', async (t) => {
  const { app } = await build(t, { registration: 'invite' })
  const answer = await register(app)
  t.match([answer.statusCode, answer.json()], [403, { code: 'LK_INVITATION_REQUIRED', message: 'Registration needs an invitation.' }])
  const visitor = visit(app)
  const page = await visitor.get('/register')
  t.match([page.statusCode, page.body], [403, 'only with an invitation'])
  t.match(page.body, 'href="/login"', 'who has an account goes on there')
  t.notMatch(page.body, '<form')
  t.match((await visit(app, { 'accept-language': 'de' }).get('/register')).body, 'nur mit einer Einladung')
  const login = await visitor.get('/login')
  t.notMatch(login.body, '/register', 'the login page has no link that leads nowhere')
  const csrf = /name="_csrf" value="([^"]+)"/.exec(login.body)![1]!
  const posted = await visitor.post('/register', { email: ADA, password: PASSWORD, _csrf: csrf })
  t.match([posted.statusCode, posted.body], [403, 'only with an invitation'])
  t.same(await sql(app, 'SELECT FROM users'), [])
})

t.test('with REGISTRATION=invite an app cannot initiate a registration', async (t) => {
  const { app } = await build(t, { registration: 'invite' })
  const { id } = await makeApp(app)
  t.notOk((await app.inject('/.well-known/openid-configuration')).json<{ prompt_values_supported: string[] }>().prompt_values_supported.includes('create'))
  t.match((await visit(app).get(authorizeUrl(id, { prompt: 'create' }))).headers.location, /^\/login\?/)
})
