import { join } from 'node:path'
import t from 'tap'
import { prepareSite } from '../../../src/database/embedded/site.ts'

t.test('a data directory that cannot be made names the variable', async (t) => {
  const folder = t.testdir({ file: '' })
  await t.rejects(prepareSite(join(folder, 'file', 'data')), { message: /ENOTDIR.*LATCHKEY_DATA_DIR.*DATABASE_URL/ })
})
