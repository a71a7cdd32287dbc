// The baseline, as one would write it by hand: parses the form, compares one SHA-256, runs one prepared statement, signs or verifies one
// ES256 JWT, and answers. No validation, revocation or error handling. Prints `ready <port>`.
import { createHash, generateKeyPairSync, timingSafeEqual } from 'node:crypto'
import formbody from '@fastify/formbody'
import { hash, verify } from '@node-rs/argon2'
import { createSigner, createVerifier } from 'fast-jwt'
import Fastify from 'fastify'
import pg from 'pg'

const { privateKey, publicKey } = generateKeyPairSync('ec', {
  namedCurve: 'P-256', privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' }
})
const sign = createSigner({ key: privateKey, algorithm: 'ES256', kid: 'limit', expiresIn: 3_600_000 })
const check = createVerifier({ key: publicKey, algorithms: ['ES256'], cache: 10_000 })
const checkAnew = createVerifier({ key: publicKey, algorithms: ['ES256'] })
const sha256 = (text) => createHash('sha256').update(text).digest()
const secretHash = sha256('secret')
const passwordHash = await hash('correct horse battery staple', { memoryCost: 19_456, timeCost: 2, parallelism: 1 })

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 20 })
await pool.query(`CREATE TABLE IF NOT EXISTS limit_clients (id text PRIMARY KEY, name text);
  CREATE TABLE IF NOT EXISTS limit_sessions (id int PRIMARY KEY, generation int NOT NULL DEFAULT 0) WITH (fillfactor = 80);
  INSERT INTO limit_clients VALUES ('client', 'Client') ON CONFLICT DO NOTHING;
  INSERT INTO limit_sessions SELECT i FROM generate_series(0, 255) i ON CONFLICT DO NOTHING`)

const app = Fastify()
await app.register(formbody)
const statements = {
  client: { name: 'client', text: 'SELECT id, name FROM limit_clients WHERE id = $1' },
  rotate: { name: 'rotate', text: 'UPDATE limit_sessions SET generation = generation + 1 WHERE id = $1 RETURNING generation' }
}
const authenticate = (body) => {
  if (!timingSafeEqual(sha256(body.client_secret), secretHash)) throw new Error('no')
}
const claims = (sub) => ({
  iss: 'http://localhost', sub, aud: 'http://localhost', client_id: 'client',
  jti: 'b3a1c2d4-0000-4000-8000-000000000000', sid: 'session'
})

app.post('/client_credentials', async ({ body }) => {
  authenticate(body)
  const { rows: [client] } = await pool.query({ ...statements.client, values: [body.client_id] })
  return { access_token: sign(claims(client.id)), token_type: 'Bearer', expires_in: 3600 }
})
app.post('/refresh', async ({ body }) => {
  authenticate(body)
  const { rows: [{ generation }] } = await pool.query({ ...statements.rotate, values: [Number(body.refresh_token)] })
  return { access_token: sign(claims('user')), token_type: 'Bearer', expires_in: 3600, refresh_token: body.refresh_token, generation }
})
app.post('/code', async ({ body }) => {
  authenticate(body)
  const challenge = sha256(body.code_verifier).toString('base64url')
  const { rows: [{ generation }] } = await pool.query({ ...statements.rotate, values: [Number(body.code)] })
  return { access_token: sign(claims('user')), token_type: 'Bearer', expires_in: 3600, refresh_token: challenge, generation }
})
app.post('/password', async ({ body }) => {
  authenticate(body)
  if (!await verify(passwordHash, body.password)) throw new Error('no')
  await pool.query({ ...statements.rotate, values: [1] })
  return { access_token: sign(claims('user')), token_type: 'Bearer', expires_in: 3600 }
})
app.post('/introspect', async ({ body }) => {
  authenticate(body)
  await pool.query({ ...statements.client, values: [body.client_id] })
  return { active: true, ...checkAnew(body.token) }
})
app.get('/guarded', async ({ headers }) => ({ user: check(headers.authorization.slice(7)).sub }))
await app.listen({ port: 0, host: '127.0.0.1' })
console.log(`ready ${app.server.address().port}`)

process.once('SIGTERM', async () => {
  await app.close()
  await pool.end()
  process.exit(0)
})
