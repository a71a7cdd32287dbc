import t from 'tap'
import { serve } from './server.ts'

t.test('RFC 9700 section 4.3.2: the log has no query, and an address that cannot be decoded is our own 400', async (t) => {
  const { child, address, exited, logged, entries } = await serve(t, 1)
  await fetch(`${address}/v1/oauth/logout?id_token_hint=a-secret`)
  await logged(/^incoming request/, '/v1/oauth/logout')
  const answer = await fetch(`${address}/v1/clients/%ZZ/login`, { method: 'POST' })
  t.equal(answer.status, 400)
  t.match(await answer.json(), { statusCode: 400, code: 'FST_ERR_BAD_URL' })
  child.kill('SIGTERM')
  await exited
  t.notOk(JSON.stringify(entries).includes('a-secret'))
})
