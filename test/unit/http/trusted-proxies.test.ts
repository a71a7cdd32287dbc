import t from 'tap'
import { createTrusts, trustsEverybody } from '../../../src/http/trusted-proxies.ts'

const asked = (trustProxy: string, address: string | undefined): boolean => {
  const trusts = createTrusts(trustProxy)
  return trusts && trusts(address, 0)
}

t.test('a trusted proxy is recognized by address and network, in any notation of its address', async (t) => {
  const known: [string, string][] = [
    ['10.0.0.0/8', '10.1.2.3'],
    ['10.0.0.0/255.0.0.0', '10.1.2.3:4711'],
    ['10.0.0.0/8', '::ffff:10.1.2.3'],
    ['::ffff:10.0.0.0/104', '10.1.2.3'],
    ['192.0.2.1, ::1', '"[::1]:80"'],
    ['2001:db8::/32', '[2001:DB8::7]:80'],
    ['2001:db8::7', '2001:db8:0::7'],
    ['loopback', '127.0.0.1'],
    ['loopback', '::1'],
    ['uniquelocal', 'fd00::1'],
    ['linklocal', 'fe80::1%eth0'],
    ['0.0.0.0/0', '203.0.113.1'],
    ['::/0', '2001:db8::1']
  ]
  for (const [proxies, address] of known) t.equal(asked(proxies, address), true, `${proxies}: ${address}`)
  const unknown: [string, string][] = [
    ['10.0.0.0/8', '11.1.2.3'],
    ['10.0.0.1', '10.0.0.2'],
    ['::1', '127.0.0.1'],
    ['loopback', 'unknown'],
    ['loopback', '127.1'],
    ['uniquelocal', '203.0.113.1'],
    ['0.0.0.0/0', 'unknown']
  ]
  for (const [proxies, address] of unknown) t.equal(asked(proxies, address), false, `${proxies}: ${address}`)
})

t.test('a peer at a Unix socket is local', async (t) => {
  t.equal(asked('loopback', undefined), true)
  t.equal(asked('10.0.0.0/8', undefined), false)
})

t.test('a number trusts that many proxies, false trusts none', async (t) => {
  const two = createTrusts(2)
  t.same([0, 1, 2, 3].map((hop) => two && two('203.0.113.1', hop)), [true, true, false, false])
  t.equal(createTrusts(false), false)
})

t.test('an invalid network is reported', async (t) => {
  for (const text of [
    '999.1.1.1', '10.0.0.0/33', '10.0.0.0/255.0.255.0', '::/129', '::1/255.0.0.0', '10.0.0.0/', '::ffff:10.0.0.0/8',
    '10.0.0.0/8, 1.2.3'
  ]) t.throws(() => createTrusts(text), { message: /is neither an address nor a network/ }, text)
})

t.test('a setting that trusts every address is recognized as such', async (t) => {
  for (const everybody of [
    true, 11, '0.0.0.0/0', '::/0', '0.0.0.0/0.0.0.0', 'loopback, 0.0.0.0/0', '0.0.0.0/1,128.0.0.0/1', '2000::/3',
    '::ffff:0.0.0.0/96', '203.0.113.1/0'
  ]) t.equal(trustsEverybody(everybody), true, String(everybody))
  for (const some of [false, 1, 3, 'loopback', 'uniquelocal, linklocal', '10.0.0.0/8', 'fc00::/7', '203.0.113.1', '2001:db8::1']) {
    t.equal(trustsEverybody(some), false, String(some))
  }
})
