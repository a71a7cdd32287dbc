import t from 'tap'
import { formParser, parseForm } from '../../../src/http/form.ts'

t.test('parameters are decoded as in the URL standard', async (t) => {
  const texts = [
    '', 'a=1', 'a=1&b=2', 'a', 'a=', '=x', '&&a=1&', 'a=b=c', 'a+b=c+d', 'a%20b=%2B%26%3D', '%C3%A9=%F0%9F%98%80',
    'scope=a+b', 'a=1&A=2', 'a=%EF%BF%BD'
  ]
  for (const text of texts) t.strictSame({ ...parseForm(text) }, Object.fromEntries(new URLSearchParams(text)), text)
})

t.test('names of built-in properties are ordinary parameters', async (t) => {
  const params = parseForm('__proto__=1&constructor=2&toString=3')
  t.same(Object.entries(params), [['__proto__', '1'], ['constructor', '2'], ['toString', '3']])
  t.equal(Object.getPrototypeOf(params), null)
})

const BAD: [string, string, RegExp][] = [
  ['a parameter twice', 'a=1&b=2&a=3', /"a" is repeated/],
  ['a parameter twice, spelled differently', 'ab=1&%61b=2', /"ab" is repeated/],
  ['a parameter twice without values', 'a&a', /repeated/],
  ['a prototype twice', '__proto__=1&__proto__=2', /repeated/],
  ['a percent sign alone', 'a=100%', /not form-encoded/],
  ['a percent sign before other letters', 'a=%ZZ', /not form-encoded/],
  ['half an encoding in a name', '%4=1', /not form-encoded/],
  ['encoded bytes that are not UTF-8', 'a=%FF', /not form-encoded/],
  ['an encoded half of a character', 'a=%ED%A0%80', /not form-encoded/],
  ['an overlong NUL', 'a=%C0%80', /not form-encoded/],
  ['an encoded NUL', 'a=x%00y', /NUL/],
  ['an encoded NUL in a name', '%00=1', /NUL/],
  ['a raw NUL', 'a=\0', /NUL/],
  ['more than 1000 parameters', Array.from({ length: 1001 }, (_, index) => `p${index}=`).join('&'), /more than 1000 parameters/],
  ['more than 1000 separators', '&'.repeat(1001), /more than 1000 parameters/],
  ['bytes that were not UTF-8', Buffer.from([0x61, 0x3d, 0xff]).toString(), /UTF-8/]
]

for (const [name, text, message] of BAD) {
  t.test(`${name} is refused with 400`, async (t) => {
    t.throws(() => parseForm(text), { statusCode: 400, code: 'LK_BAD_BODY', message })
  })
}

t.test('an error repeats only the beginning of a long name', async (t) => {
  const name = 'n'.repeat(5000)
  t.throws(() => parseForm(`${name}=1&${name}=2`), { message: /^The parameter "n{40}" is repeated$/ })
})

t.test('a parameter that may be repeated is a list of at most 50 values', async (t) => {
  const parse = formParser('resource')
  t.strictSame({ ...parse('a=1&resource=x') }, { a: '1', resource: 'x' })
  t.strictSame({ ...parse('resource=x&a=1&resource=y&resource=') }, { resource: ['x', 'y', ''], a: '1' })
  t.equal(parse(Array(50).fill('resource').join('&'))['resource']?.length, 50)
  t.throws(() => parse(Array(51).fill('resource').join('&')), { statusCode: 400, message: /"resource" is repeated more than 50 times/ })
  t.throws(() => parse('a=1&a=2'), { statusCode: 400, message: /"a" is repeated$/ }, 'the others are not')
})
