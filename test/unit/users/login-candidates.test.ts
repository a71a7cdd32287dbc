import t from 'tap'
import { Type } from 'typebox'
import { EmailSchema, PhoneSchema, readyAttributes } from '../../../src/schemas/identifiers.ts'
import { createAttributes } from '../../../src/users/attributes.ts'
import { candidatesFrom, loginFields, requiredErrors, surplusFields } from '../../../src/users/login-candidates.ts'

const ready = await createAttributes({ attributes: readyAttributes })
const two = await createAttributes({ attributes: { email: EmailSchema, phone: PhoneSchema } })
const named = (attributes: typeof ready, fields: Record<string, unknown>) =>
  candidatesFrom(attributes, fields).candidates.map(({ attribute, value }) => `${attribute} ${value}`)

t.test('a value under the name of an attribute is a candidate for that attribute only', async (t) => {
  t.same(named(ready, { email: 'a@b.co' }), ['email a@b.co'])
  t.same(named(ready, { phone: '+49 170 1234567' }), ['phone +491701234567'])
  t.same(named(ready, { email: '+49 170 1234567' }), [])
  t.same(named(ready, { phone: 'a@b.co' }), [])
})

t.test('username is a candidate for every attribute, also when one has that name', async (t) => {
  for (const attributes of [ready, two]) {
    t.same(named(attributes, { username: 'a@b.co' }), ['email a@b.co'])
    t.same(named(attributes, { username: '+491701234567' }), ['phone +491701234567'])
  }
  t.same(named(ready, { username: 'Ada' }), ['username ada'])
  t.same(named(two, { username: 'Ada' }), [])
})

t.test('with several login fields there is no candidate, and each field has an error', async (t) => {
  for (const fields of [
    { username: 'ada', email: 'a@b.co' },
    { phone: '+491701234567', email: 'a@b.co' },
    { email: 'nope', phone: '+491701234567' },
    { email: 'a@b.co', username: 'a@b.co' },
    { username: 'ada', phone: '+491701234567', email: 'a@b.co' }
  ]) {
    const names = Object.keys(fields)
    t.strictSame(candidatesFrom(ready, fields), { candidates: [], missing: false, errors: surplusFields(ready, fields) })
    t.match(surplusFields(ready, fields), Object.fromEntries(names.map((name) => [name, ['one_too_many']])))
  }
  t.equal(surplusFields(two, { email: 'a@b.co', fax: '1', password: 'x' }), null)
  t.match(
    candidatesFrom(two, { email: 'a@b.co', username: 'ada' }).candidates,
    [],
    'username is one, whether or not an attribute has the name'
  )
})

t.test('a username that fits several attributes is tried in the configured order', async (t) => {
  const loose = await createAttributes({
    attributes: { staff: Type.String({ pattern: '^[a-z0-9]+$' }), nick: Type.String({ pattern: '^[a-z]+$' }) }
  })
  t.same(named(loose, { username: 'ada' }), ['staff ada', 'nick ada'])
})

t.test('a field whose value does not fit has an error', async (t) => {
  t.match(candidatesFrom(two, { email: 'nope' }), { missing: false, candidates: [], errors: { email: [{ code: 'malformed', expected: ['e-mail address'] }] } })
  t.match(candidatesFrom(two, { username: '!' }).errors, {
    username: [{ code: 'malformed', expected: ['e-mail address', 'phone number with its country code'] }]
  })
  t.match(candidatesFrom(two, { email: 5 }), { missing: false, candidates: [] })
})

t.test('empty and unknown fields are treated as absent', async (t) => {
  t.same(loginFields(ready, { email: '', fax: '1', username: 'ada', password: 'x' }, ''), { username: 'ada' })
  t.equal(candidatesFrom(ready, loginFields(ready, { email: '', fax: '1' }, '')).missing, true)
})

t.test('a prefix is put before each name, and a dot in it reads a nested object', async (t) => {
  t.same(loginFields(two, { login_email: 'a@b.co', email: 'x@y.de' }, 'login_'), { email: 'a@b.co' })
  t.same(loginFields(two, { user: { email: 'a@b.co', username: 'x' }, email: 'x@y.de' }, 'user.'), { email: 'a@b.co', username: 'x' })
  t.same(loginFields(two, { data: { user: { phone: '1' } } }, 'data.user.'), { phone: '1' })
  for (const body of [{}, { user: null }, { user: 'a@b.co' }, { user: ['a@b.co'] }, { 'user.email': 'a@b.co' }]) {
    t.same(loginFields(two, body, 'user.'), {}, JSON.stringify(body))
  }
  t.same(loginFields(two, {}, 'constructor.'), {}, 'what is inherited was not sent')
})

t.test('without any login field each one has an error that names the alternatives', async (t) => {
  const one = await createAttributes({ attributes: { email: EmailSchema } })
  t.same(requiredErrors(one), { email: ['required'] })
  t.same(requiredErrors(two), {
    email: [{ code: 'one_required', others: ['phone'] }],
    phone: [{ code: 'one_required', others: ['email'] }]
  })
  const three = await createAttributes({ attributes: { email: EmailSchema, staff_id: Type.String(), phone: PhoneSchema } })
  t.same(requiredErrors(three)['staff_id'], [{ code: 'one_required', others: ['email', 'phone'] }])
})
