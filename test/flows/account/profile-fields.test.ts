import t from 'tap'
import { Type } from 'typebox'
import { ConfigError } from '../../../src/config/config-error.ts'
import { lintErrors } from '../../support/lint-openapi.ts'
import { call } from '../../support/machines.ts'
import { createMailbox } from '../../support/mailbox.ts'
import { sql } from '../../support/session-rows.ts'
import { sharedServers } from '../../support/shared-server.ts'
import { claimsOf, login, PASSWORD, profile, signedIn, type Tokens } from '../../support/start-server.ts'
import { formOf, loggedIn, logIn, visit } from '../../support/visitor.ts'

const build = sharedServers(t)

const Fields = Type.Object({
  company: Type.String({ title: 'Company', minLength: 2, maxLength: 20 }),
  age: Type.Optional(Type.Integer({ minimum: 18 })),
  weight: Type.Optional(Type.Number()),
  news: Type.Optional(Type.Boolean({ description: 'Once a month' })),
  contact: Type.Optional(Type.String({ format: 'email' })),
  size: Type.Optional(Type.Union([Type.Literal('small'), Type.Literal('large'), Type.Literal(3)])),
  color: Type.Optional(Type.Enum(['red', 'green']))
})
const ada = { email: 'ada@example.com', password: PASSWORD }
const entered = { company: 'Acme', age: 30, weight: 1.5, news: true, contact: 'a@b.co', size: 3, color: 'red' }

t.test('fields of the profile are entered, read and exported; applications of others do not see them', async (t) => {
  const { app } = await build(t, { profile: Fields })
  const made = await app.inject({ method: 'POST', url: '/v1/register', payload: { ...ada, profile: entered } })
  t.match([made.statusCode, made.json()], [201, { profile: entered }])
  const tokens = (await login(app, { email: 'ada@example.com', scope: 'openid profile *' })).json<Tokens & { id_token: string }>()
  const bearer = tokens.access_token
  t.same((await profile(app, bearer)).json<{ profile: object }>().profile, entered)
  t.same((await sql(app, 'SELECT profile FROM users')), [{ profile: entered }])
  t.match((await call(app, 'GET', '/v1/profile/export', bearer)).json(), { user: { profile: entered } })
  t.notOk(JSON.stringify([claimsOf(tokens.id_token), (await call(app, 'GET', '/v1/oauth/userinfo', bearer)).json()]).includes('Acme'))
  const patched = await call(app, 'PATCH', '/v1/profile', bearer, { profile: { age: null, company: 'Bee', color: 'green' } })
  const { age: _age, ...rest } = entered
  t.match([patched.statusCode, patched.json<{ profile: object }>().profile], [200, { ...rest, company: 'Bee', color: 'green' }])
  t.notOk('age' in patched.json<{ profile: object }>().profile)
  t.same((await call(app, 'PATCH', '/v1/profile', bearer, { name: 'Ada' })).json<{ profile: object }>().profile, { ...rest, company: 'Bee', color: 'green' })
})

t.test('the fields stand in the document of the API', async (t) => {
  const { app } = await build(t, { profile: Fields })
  const document = (await app.inject('/docs/json')).json<{ paths: Record<string, Record<string, unknown>> }>()
  const body = (path: string, method: string) => JSON.stringify((document.paths[path]![method] as { requestBody: unknown }).requestBody)
  t.match(body('/v1/register', 'post'), /"profile":\{"type":"object","required":\["company"\],"properties":\{"company":\{[^}]*"maxLength":20/)
  t.match(body('/v1/profile', 'patch'), /"company":\{[^}]*"maxLength":20/)
  t.match(JSON.stringify(document.paths['/v1/profile']!['get']), /"company":\{[^}]*"maxLength":20/)
  t.same(await lintErrors(document), [])
})

t.test('what does not fit is 422 by field, at a registration and a change', async (t) => {
  const { app } = await build(t, { profile: Fields })
  const bad: [unknown, object][] = [
    [{ company: 'A' }, { 'profile.company': ['must have at least 2 characters'] }],
    [{ company: 'A'.repeat(21) }, { 'profile.company': ['must have at most 20 characters'] }],
    [{ company: null }, { 'profile.company': ['The profile.company field is required.'] }],
    [{ company: 'A\u0007b' }, { 'profile.company': [/invisible/] }],
    [{ company: 'A\nb' }, { 'profile.company': [/invisible/] }],
    [{ company: 7 }, { 'profile.company': ['must be string'] }],
    [{ company: 'Acme', age: 17 }, { 'profile.age': ['must be >= 18'] }],
    [{ company: 'Acme', age: '30' }, { 'profile.age': ['must be integer'] }],
    [{ company: 'Acme', age: 30.5, news: 'yes' }, { 'profile.age': ['must be integer'], 'profile.news': ['must be boolean'] }],
    [{ company: 'Acme', size: 'huge', color: 'blue' }, { 'profile.size': ['is not one of the choices'], 'profile.color': ['is not one of the choices'] }],
    [{ company: 'Acme', admin: true }, { 'profile.admin': ['is not a field of the profile'] }],
    [{ company: { a: 1 } }, { 'profile.company': ['must be string'] }],
    ['Acme', { profile: ['must be an object'] }],
    [[], { profile: ['must be an object'] }]
  ]
  const tried = async (given: unknown) => await app.inject({ method: 'POST', url: '/v1/register', payload: { ...ada, profile: given } })
  for (const [given, errors] of bad) t.match((await tried(given)).json(), { statusCode: 422, errors }, JSON.stringify(given))
  for (const missing of [undefined, null, {}]) {
    t.match((await tried(missing)).json(), { statusCode: 422, errors: { 'profile.company': ['The profile.company field is required.'] } })
  }
  t.same(await sql(app, 'SELECT id FROM users'), [])
  await tried({ company: 'Acme' })
  const { access_token: bearer } = (await login(app)).json<Tokens>()
  for (const [given, errors] of bad) {
    t.match((await call(app, 'PATCH', '/v1/profile', bearer, { name: 'X', profile: given })).json(), { statusCode: 422, errors }, JSON.stringify(given))
  }
  t.match((await call(app, 'PATCH', '/v1/profile', bearer, {})).json(), { errors: { body: [/name, locale, profile, email/] } })
  t.same(await sql(app, 'SELECT name, profile FROM users'), [{ name: null, profile: { company: 'Acme' } }], 'nothing has changed')
})

t.test('two changes at once keep what both have changed', async (t) => {
  const { app } = await build(t, { profile: Fields })
  await app.inject({ method: 'POST', url: '/v1/register', payload: { ...ada, profile: { company: 'Acme' } } })
  const { access_token: bearer } = (await login(app)).json<Tokens>()
  const given = [{ age: 40 }, { weight: 2 }, { news: false }, { contact: 'c@d.co' }, { size: 'small' }, { color: 'red' }]
  const answers = await Promise.all(given.map((one) => call(app, 'PATCH', '/v1/profile', bearer, { profile: one })))
  t.same(answers.map(({ statusCode }) => statusCode), given.map(() => 200))
  t.same(await sql(app, 'SELECT profile FROM users'), [{ profile: Object.assign({ company: 'Acme' }, ...given) as object }])
})

t.test('a profile has an upper limit in all, and members of an earlier schema are kept and not shown', async (t) => {
  const Long = Type.Object({ a: Type.Optional(Type.String()), b: Type.Optional(Type.String()), need: Type.Optional(Type.Integer()) })
  const { app } = await build(t, { profile: Long })
  const { access_token: bearer } = await signedIn(app)
  const patch = (body: object) => call(app, 'PATCH', '/v1/profile', bearer, { profile: body })
  t.same((await profile(app, bearer)).json<{ profile: object }>().profile, {}, 'nothing yet')
  t.equal((await patch({ a: 'x'.repeat(9000) })).statusCode, 200)
  t.match((await patch({ b: 'ä'.repeat(4000) })).json(), { statusCode: 422, errors: { profile: ['has more than 16384 bytes in all; shorten a field'] } })
  await sql(app, 'UPDATE users SET profile = \'{"old":"x","need":"no number","a":"b"}\'')
  t.same((await profile(app, bearer)).json<{ profile: object }>().profile, { a: 'b' })
  t.same((await patch({ need: 1 })).json<{ profile: object }>().profile, { a: 'b', need: 1 })
  t.same(await sql(app, 'SELECT profile FROM users'), [{ profile: { old: 'x', need: 1, a: 'b' } }])
})

t.test('where an address must be verified, a taken one is answered as a new one, and a form sent twice is one registration', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, { ...box.options, requireEmailVerification: 'on', profile: Fields })
  const visitor = visit(app)
  const page = await visitor.get('/register')
  const typed = { email: 'ada@example.com', password: PASSWORD, 'profile.company': 'Acme' }
  const answers = [await visitor.submit(page, typed), await visitor.submit(page, typed)]
  t.same(answers.map(({ statusCode }) => statusCode), [303, 303])
  t.same(await sql(app, 'SELECT profile FROM users'), [{ profile: { company: 'Acme', news: false } }])
  const other = await app.inject({ method: 'POST', url: '/v1/register', payload: { ...ada, profile: { company: 'Bee' } } })
  t.equal(other.statusCode, 202)
  t.same(await sql(app, 'SELECT profile FROM users'), [{ profile: { company: 'Acme', news: false } }])
  const corrected = await visitor.submit(await visitor.follow(answers[1]!), { address: 'ada@other.example', password: PASSWORD })
  t.equal(corrected.statusCode, 303)
  t.match(
    await sql(app, 'SELECT display, profile FROM users u JOIN identifiers i ON i.user_id = u.id ORDER BY u.id DESC LIMIT 1'),
    [{ display: 'ada@other.example', profile: { company: 'Acme', news: false } }], 'with another address'
  )
})

t.test('without the option, answers and documents say nothing of it', async (t) => {
  const { app } = await build(t)
  const made = await app.inject({ method: 'POST', url: '/v1/register', payload: { ...ada, profile: { company: 'Acme' } } })
  t.notOk('profile' in made.json())
  t.same(await sql(app, 'SELECT profile FROM users'), [{ profile: {} }])
  const visitor = visit(app)
  await logIn(visitor)
  for (const path of ['/account/profile', '/register']) t.notMatch((await visitor.get(path)).body, 'name="profile')
})

t.test('the registration page has the fields, and shows what is wrong at each', async (t) => {
  const { app } = await build(t, { profile: Fields })
  const visitor = visit(app)
  const page = await visitor.get('/register')
  t.match(page.body, /<label for="field-profile.company"><span>Company<\/span><\/label>/)
  t.match(page.body, /<input type="text" minlength="2" maxlength="20" required id="field-profile.company" name="profile.company"/)
  t.match(page.body, /<span>Age<\/span><span class="optional"> \(optional\)/)
  t.match(page.body, /<input type="number" step="1" min="18" id="field-profile.age"/)
  t.match(page.body, /<input type="number" step="any"/)
  t.match(page.body, /<input type="email" id="field-profile.contact"/)
  t.match(page.body, /<input type="checkbox" id="field-profile.news"[^]*Once a month/)
  t.match(page.body, /<select id="field-profile.size" name="profile.size"><option value=""><\/option><option value="small">small[^]*<option value="3">3</)
  const typed = { email: 'ada@example.com', password: PASSWORD, 'profile.age': '17', 'profile.news': 'true', 'profile.size': 'large' }
  const wrong = await visitor.submit(page, { ...typed, 'profile.company': ' ' })
  t.equal(wrong.statusCode, 422)
  t.match(wrong.body, /<a href="#field-profile.company">Company: Fill in this field\./)
  t.match(wrong.body, /id="field-profile.age-wrong">This does not look right/)
  t.match(wrong.body, /name="profile.age" value="17" aria-invalid="true" aria-describedby="field-profile.age-wrong"/)
  t.match(wrong.body, /name="profile.news" value="true" checked[^]*<option value="large" selected>/)
  t.match((await visitor.submit(wrong, { ...typed, 'profile.company': 'Acme', 'profile.age': '18', 'profile.size': '3' })).statusCode, 303)
  t.same(await sql(app, 'SELECT profile FROM users'), [{ profile: { company: 'Acme', age: 18, news: true, size: 3 } }])
})

t.test('the account page changes the fields', async (t) => {
  const { app } = await build(t, { profile: Type.Object({ ...Fields.properties, company: Type.Optional(Type.String({ title: 'Company' })) }) })
  const visitor = await loggedIn(app)
  const save = async (fields: Record<string, string>) => {
    const page = await visitor.get('/account/profile')
    return await visitor.post('/account/profile', { ...formOf(page, ['name']).hidden, name: 'Ada', locale: '', ...fields })
  }
  t.equal((await save({ 'profile.company': '"Acme"', 'profile.age': '20', 'profile.news': 'true', 'profile.color': 'red' })).statusCode, 303)
  t.same(await sql(app, 'SELECT profile FROM users'), [{ profile: { company: '"Acme"', age: 20, news: true, color: 'red' } }])
  t.match((await visitor.get('/account/profile')).body, /value="&#34;Acme&#34;"[^]*value="20"[^]*checked[^]*<option value="red" selected>/)
  const wrong = await save({ 'profile.company': 'Bee', 'profile.age': '20.5', 'profile.color': 'blue' })
  t.equal(wrong.statusCode, 422)
  t.match(wrong.body, /value="Bee"[^]*field-profile.age-wrong[^]*value="20.5" aria-invalid="true"/)
  t.notMatch(wrong.body, ' checked', 'what was typed is shown again')
  t.equal((await save({ 'profile.company': '', 'profile.age': '' })).statusCode, 303)
  t.same(await sql(app, 'SELECT profile FROM users'), [{ profile: { news: false } }])
  const { profile: marker, ...hidden } = formOf(await visitor.get('/account/profile'), ['name']).hidden
  t.equal(marker, '1')
  await visitor.post('/account/profile', { ...hidden, name: 'Eve', locale: '' })
  t.same(await sql(app, 'SELECT name, profile FROM users'), [{ name: 'Eve', profile: { news: false } }], 'a form without the fields leaves them')
})

t.test('no text makes a pattern or a format of the operator take long', async (t) => {
  const formats = ['url', 'iri', 'idn-email', 'idn-hostname', 'regex', 'uri', 'time']
  const members = Object.fromEntries(formats.map((format) => [format.replace('-', '_'), Type.Optional(Type.String({ format }))]))
  const { app } = await build(t, { profile: Type.Object({ ...members, code: Type.Optional(Type.String({ pattern: '^(a+)+$' })) }) })
  const hard = [
    `http://a${'\u0301'.repeat(14_000)}${'\u0327'.repeat(14_000)}`, `a@b${'\u0301'.repeat(14_000)}${'\u0327'.repeat(14_000)}`, 'http://a.a.'.repeat(5000),
    `${'a'.repeat(60)}!`
  ]
  for (const text of hard) {
    for (const name of [...Object.keys(members), 'code']) {
      const send = () => app.inject({ method: 'POST', url: '/v1/register', payload: { ...ada, profile: { [name]: text } } })
      let least = Infinity
      for (let tries = 0; tries < 3 && least > 50; tries++) {
        const before = process.cpuUsage()
        t.match(String((await send()).statusCode), /^(201|422)$/)
        const { user, system } = process.cpuUsage(before)
        least = Math.min(least, (user + system) / 1000)
      }
      t.ok(least < 100, `${name} ${text.slice(0, 10)}: ${Math.round(least)} ms`)
    }
  }
})

t.test('a schema that cannot be used is named at the start', async (t) => {
  const bad: [unknown, string, RegExp][] = [
    [Type.String(), 'profile', /must be an object schema/],
    [Type.Object({}), 'profile', /at least one member/],
    [Type.Object({ a: Type.String() }, { additionalProperties: true }), 'profile', /additionalProperties/],
    [Type.Object({ a: Type.String() }, { minProperties: 1 }), 'profile', /cannot have minProperties/],
    [Type.Object({ a: Type.Array(Type.String()) }), 'profile.a', /must be a string, a number/],
    [Type.Object({ a: Type.Object({ b: Type.String() }) }), 'profile.a', /must be a string, a number/],
    [Type.Object({ a: Type.Union([Type.String(), Type.Null()]) }), 'profile.a', /must be a string, a number/],
    [Type.Object({ a: Type.Enum(['', 'x']) }), 'profile.a', /choices/],
    [Type.Object({ a: Type.Union([Type.Literal(1), Type.Literal('1')]) }), 'profile.a', /choices/],
    [Type.Object({ 'a-b': Type.String() }), 'profile.a-b', /not a possible name/],
    [Type.Object({ toString: Type.String() }), 'profile.toString', /not a possible name/],
    [Type.Object({ a: Type.String({ pattern: '(' }) }), 'profile.a', /not a TypeBox schema/]
  ]
  for (const [schema, name, message] of bad) {
    const error = await build(t, { profile: schema as object }).catch((thrown: unknown) => thrown)
    t.ok(error instanceof ConfigError)
    t.match((error as ConfigError).problems, [{ name, message }], `${name} ${message}`)
  }
})
