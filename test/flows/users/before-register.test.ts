import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import type { RegistrationAttempt } from '../../../src/users/before-register.ts'
import { sharedServers } from '../../support/shared-server.ts'
import { PASSWORD, register } from '../../support/start-server.ts'
import { sql } from '../../support/session-rows.ts'
import { visit } from '../../support/visitor.ts'

const build = sharedServers(t)

t.test('the hook sees what was entered, without the password, and may refuse a field or the whole', async (t) => {
  const seen: RegistrationAttempt[] = []
  const { app } = await build(t, {
    beforeRegister: (attempt) => {
      seen.push(attempt)
      if (attempt.attributes['email']?.endsWith('@evil.example')) return { field: 'email', reason: 'No <b>throwaway</b> addresses.' }
      return attempt.name === 'Eve' ? { reason: 'Closed on Sundays.' } : undefined
    }
  })
  const errors = async (fields: Record<string, string>) => {
    const answer = await register(app, fields)
    return [answer.statusCode, answer.json<{ errors: object }>().errors]
  }
  t.strictSame(await errors({ email: 'A@evil.example' }), [422, { email: ['No <b>throwaway</b> addresses.'] }])
  t.strictSame(await errors({ email: 'eve@example.com', name: 'Eve' }), [422, { registration: ['Closed on Sundays.'] }])
  t.strictSame((await errors({ email: 'nonsense' }))[0], 422)
  t.equal(seen.length, 2, 'what is invalid never reaches it')
  t.match(seen[0], { name: null, attributes: { email: 'a@evil.example' }, isInvited: false, ip: '127.0.0.1' })
  t.notMatch(JSON.stringify(seen), PASSWORD)
  t.same(await sql(app, 'SELECT FROM users'), [])
  const visitor = visit(app)
  const form = await visitor.get('/register')
  const field = await visitor.submit(form, { email: 'a@evil.example', password: PASSWORD })
  t.match([field.statusCode, field.body], [422, 'No &lt;b>throwaway&lt;/b> addresses.'])
  t.match((await visitor.submit(field, { email: 'eve@example.com', name: 'Eve', password: PASSWORD })).body, 'Closed on Sundays.')
  t.equal((await visitor.submit(form, { email: 'ada@example.com', password: PASSWORD })).statusCode, 303)
})

t.test('a hook that fails, answers nonsense or takes too long: 503, and nothing is written', async (t) => {
  let aborted = false
  const hooks = {
    throws: () => { throw new Error('the secret of the host') },
    rejects: async () => { throw new Error('the secret of the host') },
    nonsense: () => ({ reason: '' }),
    slow: async (_attempt: unknown, { signal }: { signal: AbortSignal }) => {
      signal.addEventListener('abort', () => { aborted = true })
      await sleep(1500)
    }
  }
  for (const [name, beforeRegister] of Object.entries(hooks)) {
    const { app } = await build(t, { beforeRegister })
    const answer = await register(app)
    t.match([answer.statusCode, answer.json()], [503, { code: 'LK_REGISTRATION_UNAVAILABLE' }], name)
    t.notMatch(answer.body, 'secret')
    t.same(await sql(app, 'SELECT FROM users'), [])
  }
  t.ok(aborted)
})

t.test('what is no function is refused at the start', async (t) => {
  await t.rejects(build(t, { beforeRegister: 'x' as never }), /beforeRegister.*must be a function/)
})
