import t from 'tap'
import type { Client } from '../../../src/oauth/ports.ts'
import { checkNarrowing, covers, createScopes, parseScope, REVOCATIONS_READ } from '../../../src/oauth/scopes.ts'
import { errorWith } from '../../support/error-with.ts'

const scopes = createScopes({ read: 'Read', write: 'Write', 'orders:read': 'Orders', toString: 'A name' })
const client = (values: Partial<Client>) => ({ scopes: [], defaultScopes: [], firstParty: false, ...values }) as unknown as Client
const invalid = errorWith({ error: 'invalid_scope', statusCode: 400 })

t.test('a client gets the requested scopes if all are registered and on its list', async (t) => {
  const listed = client({ scopes: ['read', 'gone'] })
  t.same(scopes.grant(listed, 'read'), ['read'])
  for (const asked of ['write', 'read write', 'gone', 'unknown', 'READ', 'read:more', 'constructor', '*']) {
    t.throws(() => scopes.grant(listed, asked), invalid, asked)
  }
  t.throws(() => scopes.grant(client({}), 'read'), invalid, 'an empty list allows nothing')
})

t.test("* on a client's list includes every registered scope, and no other", async (t) => {
  const anything = client({ scopes: ['*'] })
  t.same(scopes.grant(anything, 'read orders:read'), ['read', 'orders:read'])
  t.same(scopes.grant(anything, 'toString'), ['toString'])
  for (const asked of ['unknown', '*', REVOCATIONS_READ, 'hasOwnProperty']) t.throws(() => scopes.grant(anything, asked), invalid, asked)
})

t.test('the scope * is for first-party clients that have it on their list', async (t) => {
  t.same(scopes.grant(client({ scopes: ['*'], firstParty: true }), '*'), ['*'])
  t.throws(() => scopes.grant(client({ scopes: ['read'], firstParty: true }), '*'), invalid)
  t.throws(() => scopes.grantToMachine(client({ scopes: ['*'] }), '*'), invalid)
})

t.test('a request without scopes gets the defaults, and never *', async (t) => {
  t.same(scopes.grant(client({ scopes: ['read', 'write'], defaultScopes: ['read'] }), undefined), ['read'])
  t.same(scopes.grant(client({ scopes: ['*'], defaultScopes: ['*', 'read', 'gone'], firstParty: true }), undefined), ['read'])
  t.same(scopes.grant(client({ scopes: ['read'], defaultScopes: ['write'] }), undefined), [], 'not more than it may have')
  t.same(scopes.grant(client({ scopes: ['*'] }), undefined), [])
})

t.test('revocations:read is given only to a machine that has it on its list by name', async (t) => {
  const named = client({ scopes: [REVOCATIONS_READ] })
  t.same(scopes.grantToMachine(named, REVOCATIONS_READ), [REVOCATIONS_READ])
  t.throws(() => scopes.grant(named, REVOCATIONS_READ), invalid)
  t.throws(() => scopes.grantToMachine(client({ scopes: ['*'], firstParty: true }), REVOCATIONS_READ), invalid)
})

t.test('RFC 6749 section 3.3: scopes are separated by any number of spaces, and repeated ones are counted once', async (t) => {
  t.same(parseScope('a b a'), ['a', 'b'])
  for (const text of [' a b', 'a b ', 'a  b', '   a b   ']) t.same(parseScope(text), ['a', 'b'], JSON.stringify(text))
  for (const text of [undefined, '', ' ', '    ']) t.equal(parseScope(text), null, 'as good as absent')
  t.same(parseScope("!#[]~:/'"), ["!#[]~:/'"])
  for (const text of ['a\tb', '\ta', 'a\nb', 'a"b', 'a\\b', 'é', 'a\0', '\u3000']) {
    t.throws(() => parseScope(text), invalid, JSON.stringify(text))
  }
})

t.test('RFC 6749 section 6: a refresh can narrow scopes, and not widen them', async (t) => {
  t.doesNotThrow(() => checkNarrowing(['read', 'write'], ['read'], ['read']))
  t.doesNotThrow(() => checkNarrowing(['read', 'write'], ['read'], []))
  t.doesNotThrow(() => checkNarrowing(['read'], null, null))
  t.doesNotThrow(() => checkNarrowing(['*'], ['read', '*'], ['read']))
  t.throws(() => checkNarrowing(['*'], ['read', 'invented'], ['read']), invalid, '* is everything that there is')
  t.throws(() => checkNarrowing(['read'], ['read', 'write'], ['read', 'write']), invalid)
  t.throws(() => checkNarrowing(['read'], ['*'], ['*']), invalid)
  t.throws(() => checkNarrowing([], ['read'], ['read']), invalid)
})

t.test('of the granted scopes a client keeps those that it still may have', async (t) => {
  const listed = client({ scopes: ['read', 'orders:read'] })
  t.same(scopes.remaining(listed, ['read', 'orders:read']), ['read', 'orders:read'])
  t.same(scopes.remaining(listed, ['read', 'write', 'gone']), ['read'], 'neither what is off its list nor what is off the registry')
  t.same(scopes.remaining(client({}), ['read']), [])
  t.same(scopes.remaining(client({ scopes: ['*'], firstParty: true }), ['*']), ['*'])
  t.same(scopes.remaining(client({ scopes: ['read'], firstParty: true }), ['*']), ['read'], '* shrinks to what is left')
  t.same(
    scopes.remaining(client({ scopes: ['*'] }), ['*']),
    ['read', 'write', 'orders:read', 'toString'],
    'a client that is no first party any more'
  )
  t.same(scopes.remaining(client({ scopes: [REVOCATIONS_READ] }), [REVOCATIONS_READ]), [REVOCATIONS_READ])
  t.same(scopes.remaining(client({ scopes: ['read'] }), [REVOCATIONS_READ]), [])
  const inheriting = createScopes({ orders: '', 'orders:read': '' }, { inherit: true })
  t.same(inheriting.remaining(client({ scopes: ['orders'] }), ['orders', 'orders:read']), ['orders', 'orders:read'])
  t.same(inheriting.remaining(client({ scopes: ['orders:read'] }), ['orders', 'orders:read']), ['orders:read'])
})

t.test('a scope covers itself, and * covers every scope that is not reserved', async (t) => {
  t.ok(covers(['*'], 'read'))
  t.notOk(covers(['*'], REVOCATIONS_READ), 'what is reserved counts by its name only')
  t.ok(covers([REVOCATIONS_READ], REVOCATIONS_READ))
  t.ok(covers(['read'], 'read'))
  t.notOk(covers(['read'], 'read:all'))
  t.notOk(covers(['read:all'], 'read'))
  t.notOk(covers([], ''))
})
