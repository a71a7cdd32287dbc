import { randomBytes, randomUUID } from 'node:crypto'
import t from 'tap'
import { createKnownDevices } from '../../../src/throttle/known-devices.ts'
import { networkOf, readAddress } from '../../../src/http/caller.ts'

t.test('an IPv6 address belongs to its /64, an IPv4 address to itself', async (t) => {
  const networks = {
    '203.0.113.7': '203.0.113.7',
    '2001:db8:1:2:3:4:5:6': '2001:db8:1:2::/64',
    '2001:DB8:1:2::': '2001:db8:1:2::/64',
    '2001:0db8::1': '2001:db8:0:0::/64',
    '::1': '0:0:0:0::/64',
    '1::': '1:0:0:0::/64',
    'fe80::1%eth0': 'fe80:0:0:0::/64',
    '::ffff:203.0.113.7': '203.0.113.7',
    '::ffff:cb00:7107': '203.0.113.7',
    '64:ff9b::203.0.113.7': '64:ff9b:0:0::/64',
    'unix:/run/app.sock': 'unix:/run/app.sock'
  }
  for (const [address, network] of Object.entries(networks)) t.equal(networkOf(readAddress(address) ?? address), network, address)
})

t.test('the signed value of a known device is read only if it is unchanged and of a current or earlier key', async (t) => {
  const [old, current, other] = [randomBytes(32), randomBytes(32), randomBytes(32)]
  const [userId, stranger] = [randomUUID(), randomUUID()]
  const devices = createKnownDevices([current, old])
  const text = devices.renew(userId, null)
  t.equal(devices.read(text)?.userId, userId)
  t.equal(devices.renew(userId, devices.read(text)), text, 'stays the same')
  t.not(devices.renew(userId, null), text, 'two are never the same')
  t.equal(devices.read(devices.renew(stranger, devices.read(text)))?.userId, stranger, 'is never handed on to another user')

  const before = createKnownDevices([old]).renew(userId, null)
  t.match(devices.read(before), { userId }, 'signed under an earlier APP_KEY')
  t.ok(createKnownDevices([current]).read(devices.renew(userId, devices.read(before))), 'and signed anew')

  t.equal(createKnownDevices([other]).read(text), null, 'signed by someone else')
  for (const mangled of [
    undefined, '', 'x', text.slice(1), `${text}A`, `${text[0] === 'A' ? 'B' : 'A'}${text.slice(1)}`, ` ${text.slice(1)}`
  ]) t.equal(devices.read(mangled), null)
})
