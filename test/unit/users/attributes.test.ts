import t from 'tap'
import { Type } from 'typebox'
import { EmailSchema, PhoneSchema, readyAttributes, UsernameSchema } from '../../../src/schemas/identifiers.ts'
import { ambiguousWith, candidatesFor, createAttributes } from '../../../src/users/attributes.ts'

const Employee = Type.String({ pattern: '^E[0-9]{6}$' })
const read = async (
  attributes: Record<string, never> | Parameters<typeof createAttributes>[0]['attributes'],
  text: unknown,
  defaultCountry?: string
) => candidatesFor(await createAttributes({ attributes, defaultCountry }), text).map(({ attribute, value }) => `${attribute} ${value}`)

t.test('a value is a candidate for each attribute whose schema it satisfies, in the configured order', async (t) => {
  t.same(await read(readyAttributes, 'A@B.co'), ['email a@b.co'])
  t.same(await read(readyAttributes, '+49 170 1234567'), ['phone +491701234567'])
  t.same(await read(readyAttributes, 'Ada'), ['username ada'])
  t.same(await read(readyAttributes, 'a'), [])
  const Badge = Type.String({ pattern: '^[a-z]{3}[0-9]+$' })
  t.same(await read({ username: UsernameSchema, badge: Badge }, 'ABC12'), ['username abc12', 'badge abc12'])
  t.same(await read({ badge: Badge, username: UsernameSchema }, 'ABC12'), ['badge abc12', 'username abc12'])
})

t.test('a value that is not text is a candidate for no attribute', async (t) => {
  for (const value of [undefined, null, 5, true, ['a@b.co'], { email: 'a@b.co' }, '']) t.same(await read(readyAttributes, value), [])
})

t.test('UsernameSchema accepts no e-mail address and no phone number', async (t) => {
  for (const name of ['ada', 'a.b-c_d', 'a23', 'x'.repeat(32)]) t.same(await read(readyAttributes, name), [`username ${name}`], name)
  for (const name of ['ad', '1ada', '_ada', 'ada lovelace', 'ada@b', '+491701234567', '491701234567', 'x'.repeat(33), 'ädä', 'ada\u202e']) {
    t.notMatch(await read(readyAttributes, name), [/^username/], name)
  }
})

t.test('no text makes the pattern of an attribute take long', async (t) => {
  const before = performance.now()
  t.same(await read({ badge: Type.String({ pattern: '^(a+)+$' }) }, `${'a'.repeat(60)}!`), [])
  t.ok(performance.now() - before < 2000)
})

t.test('EmailSchema accepts addresses of RFC 5321 without quoted local parts', async (t) => {
  t.same(await read({ email: EmailSchema }, 'A@BÜCHER.example'), ['email a@xn--bcher-kva.example'])
  for (const text of [
    'a', 'a@b..co', 'a@b.co.', 'a@.co', 'a@-b.co', 'a@b.co/x', 'a@127.0.0.1', '"a"@b.co', `${'x'.repeat(65)}@b.co`,
    `a@${'x'.repeat(64)}.co`, `a@${'x.'.repeat(126)}co`
  ]) t.same(await read({ email: EmailSchema }, text), [], text)
})

t.test('whatever mails are sent to is one address, without quotes and without words', async (t) => {
  const contact = Type.String({ format: 'email' })
  t.same(await read({ contact }, "Ada.O'Neil+tag@B.co"), ["contact ada.o'neil+tag@b.co"])
  for (const text of ['"buy at evil.example"@b.co', '"a, eve@evil.example"@b.co', 'a@[127.0.0.1]', 'a@127.0.0.1', `${'x'.repeat(65)}@b.co`]) {
    t.same(await read({ contact }, text), [], text)
  }
})

t.test('phone numbers have 6 to 25 characters', async (t) => {
  t.same(await read({ phone: PhoneSchema }, '+1234567890'), ['phone +1234567890'])
  t.same(await read({ phone: PhoneSchema }, '+1 2 3 4 5 6 7 8 9 0 1 2 3'), ['phone +1234567890123'])
  t.same(await read({ phone: PhoneSchema }, '0170 1234567', 'DE'), ['phone +491701234567'])
  t.same(await read({ phone: PhoneSchema }, '0170 1234567'), [])
})

t.test('a national phone number needs a country unless there is a default', async (t) => {
  const [phone] = await createAttributes({ attributes: { phone: PhoneSchema } })
  for (const text of ['0170 1234567', '(0170) 123-4567', '٠١٧٠١٢٣٤٥٦٧', 'tel:01701234567', '123456']) {
    t.equal(phone!.lacks(text), 'country', text)
  }
  for (const text of ['+49 170 1234567', '0049 170 1234567', '123', 'ada', '', 5, null]) {
    t.equal(phone!.lacks(text), undefined, String(text))
  }
  const [german] = await createAttributes({ attributes: { phone: PhoneSchema }, defaultCountry: 'DE' })
  t.equal(german!.lacks('0170 1234567'), undefined)
})

t.test('a custom attribute is compared without case, and shown as its schema has it', async (t) => {
  const [employee] = await createAttributes({ attributes: { employee: Employee } })
  for (const typed of ['E123456', ' E123456 ', 'Ｅ１２３４５６', 'e123456']) {
    t.same(employee!.parse(typed), { attribute: 'employee', value: 'e123456', display: 'E123456' }, typed)
  }
  for (const typed of ['E12345', 'E1234567', 'F123456', 'E12345\u200b6', 'EE23456']) t.equal(employee!.parse(typed), null, typed)
  t.equal(employee!.title, 'employee that matches ^E[0-9]{6}$')
})

t.test('a value that also fits another attribute is ambiguous, in any spelling', async (t) => {
  const Anything = Type.String({ minLength: 1, maxLength: 100 })
  const attributes = await createAttributes({ attributes: { email: EmailSchema, phone: PhoneSchema, nick: Anything } })
  const nick = attributes[2]!
  for (const value of ['+49 170 1234567', '0049 170 1234567', '＋４９１７０１２３４５６７']) {
    t.equal(ambiguousWith(attributes, nick.parse(value)!)?.name, 'phone', value)
  }
  for (const value of ['A@B.co', 'a@bücher.example', 'ａ＠ｂ．ｃｏ']) {
    t.equal(ambiguousWith(attributes, nick.parse(value)!)?.name, 'email', value)
  }
  t.equal(ambiguousWith(attributes, nick.parse('Ada')!), undefined)
  t.equal(ambiguousWith(attributes, attributes[0]!.parse('a@b.co')!)?.name, 'nick', 'the other way round, too')
})

t.test('attribute names with another meaning are refused at the start', async (t) => {
  for (const name of [
    'id', 'name', 'password', 'scope', 'client_id', 'client_secret', 'grant_type', 'refresh_token', 'created_at',
    'constructor', '__proto__', 'toString', 'hasOwnProperty'
  ]) {
    const attributes = JSON.parse(`{${JSON.stringify(name)}:{"type":"string"}}`)
    await t.rejects(
      createAttributes({ attributes }),
      { name: 'ConfigError', message: new RegExp(`login.attributes cannot contain ${name}`) },
      name
    )
  }
})

t.test('an attribute without a valid schema is reported', async (t) => {
  await t.rejects(createAttributes({ attributes: { badge: Type.String({ pattern: '(' }) } }), {
    name: 'ConfigError',
    message: /^login\.attributes\.badge is not a TypeBox schema: /
  })
  await t.rejects(createAttributes({ attributes: { badge: 5 as never } }), {
    name: 'ConfigError',
    message: /^login\.attributes\.badge is not a TypeBox schema: it is a number/
  })
})
