import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'
import { embeddedUrl, startEmbedded } from '../../src/database/embedded.ts'
import type { Variables } from '../../src/config/environment.ts'
import { start } from './helper.ts'

type Entry = { msg: string, pid: number, req?: { url: string } }

/** A folder whose embedded database is stopped before it is removed. */
export function folder (t: Test): string {
  const cwd = mkdtempSync(join(tmpdir(), 'latchkey-cli-'))
  chmodSync(cwd, 0o755)
  t.teardown(async () => {
    if (await embeddedUrl(join(cwd, '.latchkey'))) await (await startEmbedded({ dataDir: join(cwd, '.latchkey') })).stop()
    rmSync(cwd, { recursive: true })
  })
  return cwd
}

/** A server on an embedded database of its own, where a password hash takes as long as `timeCost` says. */
export async function serve (t: Test, timeCost: number, more = '', env: Variables = {}) {
  const cwd = folder(t)
  writeFileSync(
    join(cwd, 'latchkey.config.js'),
    `export default { passwords: { memoryCost: 65536, timeCost: ${timeCost} }, rateLimit: 'off' }`
  )
  writeFileSync(join(cwd, '.env'), `PORT=0\nLOG_LEVEL=info\n${more}`)
  const child = start(['serve'], { cwd, env })
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exited
  })
  const stderr = text(child.stderr!)
  const entries: Entry[] = []
  const lines = createInterface({ input: child.stdout! }).on('line', (line) => { entries.push(JSON.parse(line) as Entry) })
  const logged = async (message: RegExp, url?: string): Promise<string> => {
    for (;;) {
      const entry = entries.find(({ msg, req }) => message.test(msg) && req?.url === url)
      if (entry) return entry.msg
      await once(lines, 'line')
    }
  }
  const address = (await logged(/^Server listening at/)).split(' ').at(-1)!
  return { child, entries, cwd, dataDir: join(cwd, '.latchkey'), address, exited, logged, stderr }
}
