import t from 'tap'
import { parseJson } from '../../../src/http/json.ts'

const parse = (text: string | Buffer) => parseJson(Buffer.isBuffer(text) ? text : Buffer.from(text))
const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)

t.test('unambiguous JSON is parsed as by JSON.parse', async (t) => {
  const texts = [
    '{}', '[]', 'null', '0', '"text"', ' {"a" : {"b":[1,"x:y",{"c":null}]}, "d":"\\"a\\":"} ', '{"a":1,"A":1}',
    '{"x":{"a":1},"y":{"a":1}}', '{"\\u0061":"\\u00e9\\ud83d\\ude00"}', '{"":""}', '{"a\\\\":1}', deep(33),
    '{"constructor":"x","toString":1}'
  ]
  for (const text of texts) t.same(parse(text), JSON.parse(text), text)
  t.same(parse('\uFEFF{"a":1}'), { a: 1 }, 'a byte order mark is no text')
  t.equal(parse(''), undefined, 'an empty body is no body')
})

const BAD: [string, string | Buffer, RegExp][] = [
  ['no JSON', '{', /not JSON/],
  ['trailing text', '{} {}', /not JSON/],
  ['a trailing comma', '{"a":1,}', /not JSON/],
  ['single quotes', "{'a':1}", /not JSON/],
  ['NaN', 'NaN', /not JSON/],
  ['a raw control character', '{"a":"\n"}', /not JSON/],
  ['a raw NUL', Buffer.from('{"a":"\0"}'), /not JSON/],
  ['a NUL after the value', Buffer.from('{}\0'), /not JSON/],
  ['an escaped NUL', '{"a":"x\\u0000y"}', /NUL/],
  ['an escaped NUL in a name', '{"a\\u0000":1}', /NUL/],
  ['an escaped NUL in an array', '[["\\u0000"]]', /NUL/],
  ['half of a character', '{"a":"\\ud800"}', /unpaired surrogate/],
  ['the other half', '{"a":"\\udc00x"}', /unpaired surrogate/],
  ['half of a character in a name', '{"\\udfff":1}', /unpaired surrogate/],
  ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22]), /UTF-8/],
  ['half of a character in UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), /UTF-8/],
  ['an overlong NUL', Buffer.from([0x22, 0xc0, 0x80, 0x22]), /UTF-8/],
  ['UTF-16', Buffer.from('{"a":1}', 'utf16le'), /not JSON|UTF-8/],
  ['a member twice', '{"a":1,"a":2}', /repeats a member/],
  ['a member twice, spelled differently', '{"a":1,"\\u0061":2}', /repeats a member/],
  ['a member twice within', '{"x":[{"a":1,"b":{"c":1,"c":1}}]}', /repeats a member/],
  ['an index twice', '{"1":1,"1":1}', /repeats a member/],
  ['a prototype', '{"__proto__":{"admin":true}}', /not JSON/],
  ['an escaped prototype', '{"\\u005f_proto__":{}}', /not JSON/],
  ['a prototype within', '{"a":[{"__proto__":null}]}', /not JSON/],
  ['a prototype by its constructor', '{"constructor":{"prototype":{"admin":true}}}', /not JSON/],
  ['a list without end', JSON.stringify(Array(1001).fill(1)), /more than 1000/],
  ['an object without end', JSON.stringify(Object.fromEntries(Array.from({ length: 1001 }, (_, index) => [`m${index}`, 1]))),
    /more than 1000/],
  ['many small lists', JSON.stringify(Array(200).fill([1, 2, 3, 4, 5])), /more than 1000/],
  ['34 levels', deep(34), /too deeply/],
  ['thousands of levels', deep(30_000), /too deeply/],
  ['thousands of objects', '{"a":'.repeat(8000) + '1' + '}'.repeat(8000), /too deeply/]
]

for (const [name, text, message] of BAD) {
  t.test(`${name} is refused with 400`, async (t) => {
    t.throws(() => parse(text), { statusCode: 400, code: 'LK_BAD_BODY', message })
  })
}

t.test('a refused body has not changed Object.prototype', async (t) => {
  t.notOk('admin' in {})
})
