import { makeAppKey, readAppKey } from '../../../src/crypto/app-key.ts'
import { embeddedUrl } from '../../../src/database/embedded.ts'
import { reachServer } from '../../../src/database/embedded/server.ts'
import { prepareSite } from '../../../src/database/embedded/site.ts'

const WORK: Record<string, (dataDir: string) => Promise<unknown>> = {
  prepare: prepareSite,
  readKey: readAppKey,
  makeKey: makeAppKey,
  join: embeddedUrl,
  start: async (dataDir) =>
    await reachServer({
      directory: `${dataDir}/postgres`, logFile: `${dataDir}/postgres.log`, account: undefined, postgres: '/bin/false',
      pgCtl: '', password: 'x'
    })
}

// A process of another user that tells why it could not work in data directories.
const [uid = 0, ...given] = process.argv.slice(2)
process.setgid?.(Number(uid))
process.setuid?.(Number(uid))
const messages: string[] = []
for (let at = 0; at < given.length; at += 2) {
  messages.push(await WORK[given[at]!]!(given[at + 1]!).then(() => 'nothing', (error: Error) => error.message))
}
process.send?.(messages)
