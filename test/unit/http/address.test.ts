import t from 'tap'
import { readAddress } from '../../../src/http/caller.ts'

const ADDRESSES: [string, string][] = [
  ['192.0.2.43', '192.0.2.43'],
  [' 192.0.2.43 ', '192.0.2.43'],
  ['192.0.2.43:47011', '192.0.2.43'],
  ['"192.0.2.43:47011"', '192.0.2.43'],
  ['192.0.2.43:_secret', '192.0.2.43'],
  ['"192.0.2.43"', '192.0.2.43'],
  ['[192.0.2.43]', '192.0.2.43'],
  ['2001:db8::1', '2001:db8::1'],
  ['2001:DB8:0:0::1', '2001:db8::1'],
  ['[2001:db8::1]', '2001:db8::1'],
  ['[2001:db8::1]:4711', '2001:db8::1'],
  ['"[2001:db8:cafe::17]:4711"', '2001:db8:cafe::17'],
  ['fe80::1%eth0', 'fe80::1'],
  ['[fe80::1%25eth0]:443', 'fe80::1'],
  ['fe80::1%lo0%x', 'fe80::1'],
  ['::ffff:192.0.2.43', '192.0.2.43'],
  ['[::ffff:c000:22b]:80', '192.0.2.43'],
  ['::1', '::1'],
  ['::', '::']
]
const NONE = [
  '',
  ' ',
  'unknown',
  '_hidden',
  '"_hidden"',
  'localhost',
  '192.0.2.256',
  '192.0.2',
  '010.0.0.1',
  '0x7f.1',
  '127.1',
  '192.0.2.43:',
  '192.0.2.43:x',
  '192.0.2.43:123456',
  '192.0.2.43:1:2',
  '[2001:db8::1',
  '2001:db8::1]',
  '[]',
  '[]:80',
  '[2001:db8::1]x',
  '192.0.2.43,192.0.2.44',
  '192.0.2.43 192.0.2.44',
  'for=192.0.2.43',
  '::g',
  '1::2::3',
  '%eth0',
  '"',
  '""',
  '"192.0.2.43',
  '/var/run/x.sock',
  '1'.repeat(10_000),
  '['.repeat(10_000)
]

t.test('RFC 7239 section 6: an address with a port, quotes, brackets or a zone is read, and has one spelling', async (t) => {
  for (const [text, address] of ADDRESSES) t.equal(readAddress(text), address, text)
})

t.test('text that is no address is read as none', async (t) => {
  for (const text of [undefined, ...NONE]) t.equal(readAddress(text), null, `${text}`.slice(0, 30))
})
