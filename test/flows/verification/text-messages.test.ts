import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { readyAttributes } from '../../../src/schemas/identifiers.ts'
import { createUser } from '../../../src/testing/users.ts'
import { advanceTime } from '../../../src/testing.ts'
import { createPhones } from '../../support/mailbox.ts'
import { sql } from '../../support/session-rows.ts'
import { build, eventually, login, type Tokens } from '../../support/start-server.ts'
import { ON } from '../../support/throttled.ts'

type Options = { numbers: string[], perDay?: number }

/** A server with a user for each number, and a function with which the user of a number asks for a text message. */
async function server (t: Test, { numbers, perDay = 500 }: Options) {
  const phones = createPhones()
  const { app, logs } = await build(t, { ...ON, login: { attributes: readyAttributes }, sms: { ...phones.options.sms, perDay } })
  const tokens = new Map<string, string>()
  for (const [index, phone] of numbers.entries()) {
    await createUser(app, { email: `user${index}@example.com`, phone })
    tokens.set(phone, (await login(app, { email: `user${index}@example.com` })).json<Tokens>().access_token)
  }
  const ask = (phone: string) => app.inject({
    method: 'POST', url: '/v1/phone/verification-notification', headers: { authorization: `Bearer ${tokens.get(phone)}` }
  })
  return { app, logs, ask, ...phones }
}

const settled = async (app: FastifyInstance) =>
  await eventually(async () => (await sql(app, "SELECT FROM outbox WHERE kind = 'sms' AND expires_at > created_at")).length === 0)
const metric = async (app: FastifyInstance, counter: string) =>
  new RegExp(`latchkey_attempts_refused_total{counter="${counter}"} (\\d+)`).exec((await app.inject('/metrics')).body)?.[1]

t.test('text messages go to the allowed countries only, and the answer is the same', async (t) => {
  const [german, american, caribbean] = ['+4917012345678', '+12133734253', '+18765551234'] as const
  const { app, ask, messages } = await server(t, { numbers: [german, american, caribbean] })
  const answers = [await ask(german), await ask(american), await ask(caribbean)]
  t.same([...new Set(answers.map(({ statusCode, body }) => `${statusCode} ${body}`))].length, 1)
  t.equal(answers[0]!.statusCode, 202)
  await settled(app)
  t.same(messages.map(({ to }) => to), [german])
  t.equal(await metric(app, 'sms_country'), '2')
})

t.test('a number gets one message a minute and three an hour', async (t) => {
  const number = '+4917012345678'
  const { app, ask, messages } = await server(t, { numbers: [number] })
  for (let index = 0; index < 5; index++) {
    t.equal((await ask(number)).statusCode, 202)
    t.equal((await ask(number)).statusCode, 202)
    await advanceTime(app, 61)
  }
  await settled(app)
  t.equal(messages.length, 3)
})

t.test('there is a limit for all numbers together, also for requests at once', async (t) => {
  const numbers = Array.from({ length: 8 }, (_, index) => `+491701234560${index}`)
  const { app, ask, messages, logs } = await server(t, { numbers, perDay: 3 })
  const answers = await Promise.all(numbers.map((number) => ask(number)))
  t.same([...new Set(answers.map(({ statusCode }) => statusCode))], [202])
  await settled(app)
  t.equal(messages.length, 3)
  t.equal(await metric(app, 'sms_day'), '5')
  t.equal(logs().match(/No more text messages are sent: there were sms\.perDay/g)?.length, 1, 'it is logged once a minute')
})

t.test('with a function that sends text messages the countries must be known', async (t) => {
  const send = async () => {}
  await t.rejects(build(t, { sms: { send } }), /sms\.countries.*is required with sms\.send/)
  await t.rejects(build(t, { sms: { send, countries: ['Germany'] } }), /sms\.countries/)
  await build(t, { sms: { send }, login: { attributes: readyAttributes, defaultCountry: 'DE' } })
})
