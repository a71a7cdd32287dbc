// Where the tests keep their PostgreSQL.
import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync, statfsSync } from 'node:fs'
import { join } from 'node:path'

/** Bytes that must be free in memory. A run of all tests uses about a tenth. */
const FREE = 2 * 1024 ** 3

/**
 * In memory where there is room, else in the checkout. Each test has a database of some 300 files: ext4 searches ever longer for a free
 * inode, since it does not reuse those of files that were just deleted.
 */
export function testDataDir (root, memory = '/dev/shm') {
  const onDisk = join(root, '.latchkey-test')
  if (process.platform !== 'linux') return onDisk
  const uid = process.getuid()
  const inMemory = join(memory, `latchkey-test-${uid}-${createHash('sha256').update(root).digest('hex').slice(0, 12)}`)
  try {
    const { bavail, bsize } = statfsSync(memory)
    if (bavail * bsize < FREE) return onDisk
    mkdirSync(inMemory, { recursive: true, mode: 0o700 })
    // Everybody may create folders there
    const found = lstatSync(inMemory)
    return found.isDirectory() && found.uid === uid ? inMemory : onDisk
  } catch {
    return onDisk
  }
}
