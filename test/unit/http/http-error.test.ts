import t from 'tap'
import { HttpError, type ErrorCode } from '../../../src/http/http-error.ts'

t.test('an error has the status and message of its code', async (t) => {
  t.match(new HttpError('LK_STALE'), { statusCode: 503, code: 'LK_STALE', headers: { 'retry-after': /^\d+$/ } })
})

t.test('an unknown code throws an error that lists the codes', async (t) => {
  for (const code of ['NOPE', 'toString', undefined] as unknown[]) {
    t.throws(() => new HttpError(code as ErrorCode), { name: 'TypeError', message: /^There is no error code .*; the codes are LK_BAD_BODY, / })
  }
})
