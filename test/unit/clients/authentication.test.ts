import t from 'tap'
import { clientCredentials, createAuthenticateClient } from '../../../src/clients/authentication.ts'
import { OAuthError, wireText } from '../../../src/oauth/errors.ts'
import type { Client, Clients } from '../../../src/oauth/ports.ts'
import { hashSecret } from '../../../src/crypto/secrets.ts'
import { noThrottle } from '../../../src/throttle/throttle.ts'
import { errorWith } from '../../support/error-with.ts'
import { createClock } from '../../../src/runtime/clock.ts'

const base64 = (text: string | Buffer) => Buffer.from(text).toString('base64')
const invalid = errorWith({ error: 'invalid_request', statusCode: 400 })

t.test('RFC 6749 section 2.3.1: client id and secret are form-decoded from HTTP Basic', async (t) => {
  const read: [string, { id: string, secret: string }][] = [
    ['id:secret', { id: 'id', secret: 'secret' }],
    ['id:', { id: 'id', secret: '' }],
    ['id:a:b', { id: 'id', secret: 'a:b' }],
    ['a%3Ab:c%25', { id: 'a:b', secret: 'c%' }],
    ['a+b:c%2Bd', { id: 'a b', secret: 'c+d' }],
    ['%C3%A9:%F0%9F%98%80', { id: 'é', secret: '😀' }],
    ['é:ü', { id: 'é', secret: 'ü' }]
  ]
  for (const [text, credentials] of read) t.same(clientCredentials(`Basic ${base64(text)}`, {}), { ...credentials, viaHeader: true }, text)
  for (const scheme of ['basic', 'BASIC', 'bAsIc', 'Basic  ']) {
    t.match(clientCredentials(`${scheme} ${base64('id:secret')}`, {}), { id: 'id' }, scheme)
  }
})

t.test('a Basic header without an id or with invalid encoding is invalid_request', async (t) => {
  const bad = [
    'Basic', 'Basic ', 'Basic ###', `Basic ${base64('id')}`, `Basic ${base64(':secret')}`, `Basic ${base64('id:%ZZ')}`,
    `Basic ${base64('%:x')}`, `Basic ${base64('i\0d:x')}`, `Basic ${base64('id:%00')}`, `Basic ${base64('id:secret')} more`,
    `Basic ${base64('id:secret')},${base64('id:secret')}`, 'Basic ===='
  ]
  for (const header of bad) t.throws(() => clientCredentials(header, { client_id: 'id' }), invalid, header)
})

t.test('credentials are read from the body, also beside an Authorization header of another scheme', async (t) => {
  t.same(clientCredentials(undefined, { client_id: 'id', client_secret: 'secret' }), { id: 'id', secret: 'secret', viaHeader: false })
  t.same(clientCredentials('Bearer x', { client_id: 'id' }), { id: 'id', secret: undefined, viaHeader: false })
  t.same(clientCredentials('', { client_id: 'id' }), { id: 'id', secret: undefined, viaHeader: false })
  t.same(clientCredentials(undefined, { client_id: 'id', client_secret: '' }), { id: 'id', secret: undefined, viaHeader: false })
  for (const body of [{}, { client_id: '' }, { client_secret: 'x' }]) {
    t.throws(() => clientCredentials(undefined, body), { ...invalid, message: 'client_id is missing' })
  }
  for (const body of [{ client_id: ['id'] }, { client_id: 5 }, { client_id: 'id', client_secret: {} }]) {
    t.throws(() => clientCredentials(undefined, body), invalid, JSON.stringify(body))
  }
})

t.test('OAuth 2.1 section 2.4.1: a request with two authentication methods is refused', async (t) => {
  const header = `Basic ${base64('id:secret')}`
  t.throws(() => clientCredentials(header, { client_secret: 'secret' }), { ...invalid, message: /not both/ })
  t.throws(() => clientCredentials(header, { client_id: 'other' }), { ...invalid, message: /differs/ })
  t.match(clientCredentials(header, { client_id: 'id' }), { id: 'id', viaHeader: true }, 'the same id twice is no second method')
})

const confidential = {
  id: 'conf', authMethod: 'client_secret_basic', secretHash: hashSecret('secret'), previousSecretHash: null,
  previousSecretUntil: null, revokedAt: null
} as Client
const known: Record<string, Client> = {
  conf: confidential,
  open: { ...confidential, id: 'open', authMethod: 'none', secretHash: null },
  bare: { ...confidential, id: 'bare', secretHash: null },
  dead: { ...confidential, id: 'dead', revokedAt: new Date() },
  'dead-open': { ...confidential, id: 'dead-open', authMethod: 'none', secretHash: null, revokedAt: new Date() }
}
const find = async (id: string) => known[id] ?? null
const clients = { find, findAgain: find, findBySlug: async () => null }
const authenticating = (directory: Clients) => createAuthenticateClient(directory, noThrottle.clientSecret, createClock())
const authenticate = authenticating(clients)
const by = (id: string, secret?: string, viaHeader = false) =>
  authenticate({
    ...(viaHeader
      ? { authorization: `Basic ${base64(`${id}:${secret}`)}`, params: {} }
      : { authorization: undefined, params: { client_id: id, client_secret: secret } }),
    caller: { ip: '127.0.0.1', userAgent: undefined } as never
  })
const refusal = (id: string, secret?: string, viaHeader?: boolean) =>
  by(id, secret, viaHeader).then(() => t.fail(`${id} passed`), (error: OAuthError) => error) as Promise<OAuthError>

t.test('a client with the right secret, and a public client without one, are authenticated', async (t) => {
  t.equal(await by('conf', 'secret'), confidential)
  t.equal(await by('conf', 'secret', true), confidential)
  t.equal(await by('open'), known['open'])
  t.equal(await by('open', '', true), known['open'], 'a public client in the header')
})

t.test('both secrets of a rotation are valid until its end, and a cached client is read again before a secret is refused', async (t) => {
  const rotated = {
    ...confidential, secretHash: hashSecret('next'), previousSecretHash: hashSecret('secret'),
    previousSecretUntil: new Date(Date.now() + 60_000)
  }
  const remembering = (now: Client) => authenticating({ ...clients, findAgain: async () => now })
  const ask = (now: Client, secret: string) =>
    remembering(now)({
      authorization: undefined, params: { client_id: 'conf', client_secret: secret },
      caller: { ip: '127.0.0.1', userAgent: undefined }
    })
  t.equal(await ask(rotated, 'next'), rotated)
  t.equal((await ask(rotated, 'secret')).id, 'conf')
  await t.rejects(ask(rotated, 'wrong'), errorWith({ error: 'invalid_client' }))
  const over = { ...rotated, previousSecretUntil: new Date(Date.now() - 1) }
  const after = authenticating({ ...clients, find: async () => over, findAgain: async () => over })
  await t.rejects(
    after({
      authorization: undefined, params: { client_id: 'conf', client_secret: 'secret' },
      caller: { ip: '127.0.0.1', userAgent: undefined }
    }),
    errorWith({ error: 'invalid_client' })
  )
})

t.test('every failed authentication has the same answer, and its reason is in the log', async (t) => {
  const refused: [string, string | undefined, RegExp][] = [
    ['nobody', 'secret', /unknown/],
    ['conf', undefined, /sent no secret/],
    ['conf', '', /sent no secret/],
    ['conf', 'wrong', /wrong secret/],
    ['conf', 'secret ', /wrong secret/],
    ['bare', 'x', /wrong secret/],
    ['bare', undefined, /sent no secret/],
    ['dead', 'secret', /revoked/],
    ['dead-open', undefined, /revoked/]
  ]
  for (const [id, secret, reason] of refused) {
    const error = await refusal(id, secret)
    t.match(error, { error: 'invalid_client', description: 'Client authentication failed', statusCode: 401, reason }, `${id} ${secret}`)
    t.notMatch(`${error.message} ${error.reason}`, /secret \b|"secret/, 'no secret in it')
  }
})

t.test('RFC 6749 section 5.2: a failed authentication by header gets a challenge, one by body does not', async (t) => {
  t.same((await refusal('conf', 'wrong', true)).headers, { 'www-authenticate': 'Basic realm="OAuth"' })
  t.same((await refusal('conf', 'wrong')).headers, {})
})

t.test('RFC 6749 section 5.2: error_description is printable ASCII without quotes and backslashes', async (t) => {
  t.equal(wireText('plain (text), with: signs!'), 'plain (text), with: signs!')
  t.equal(wireText('a "b" \\ é\n😀'), "a 'b' ? ????")
  t.match(new OAuthError('invalid_request', 'say "é"', 400).description, /^[\x20-\x21\x23-\x5B\x5D-\x7E]+$/)
})
