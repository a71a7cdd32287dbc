import t from 'tap'
import { purge } from '../../src/cli/purge.ts'
import { createProgram } from '../../src/cli/program.ts'
import { eventually } from '../support/start-server.ts'
import { contextFor } from './helper.ts'

t.test('purge reports what it deleted in the words of Laravel Passport', async (t) => {
  const context = await contextFor(t)
  let text = ''
  const run = async (...args: string[]) => {
    text = ''
    await createProgram({
      context: async () => context, write: (written) => {
        text += written
      }
    }).exitOverride().parseAsync(['purge', ...args], { from: 'user' })
    return text.trim()
  }
  t.equal(await run(), 'Purged revoked items and expired items.')
  t.equal(await run('--hours'), 'Purged revoked items and items expired for more than 1 week.')
  t.equal(await run('--hours', '48'), 'Purged revoked items and items expired for more than 2 days.')
  t.equal(await run('--hours=1', '--expired'), 'Purged items expired for more than 1 hour.')
  t.equal(await run('--revoked'), 'Purged revoked items.')
  t.equal(await run('--revoked', '--expired', '--hours=0'), 'Purged revoked items and expired items.')
  t.match(JSON.parse(await run('--json', '--revoked')), { expired: false, revoked: true, hours: null, purged: { sessions: 0 } })
})

t.test('purge waits for another process that is purging', async (t) => {
  const context = await contextFor(t)
  const purging = await context.withCore(async ({ store }) => await store.purge.alone(async () => {
    const waiting = purge(context, {})
    await eventually(() => context.said.length > 0)
    t.match(context.said, ['warning: Another process is purging at this moment; waiting for it'])
    return { waiting }
  }))
  t.match((await purging!.waiting).json, { purged: { sessions: 0 } })
})
