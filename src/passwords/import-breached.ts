import { randomBytes } from 'node:crypto'
import { open, readdir, rename, stat, unlink, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import {
  firstPage, KEY_BYTES, looksLikeList, PAGE_BYTES, pageOf, partPagesFor, PARTS, positionsOf, sealPage, type BreachedList
} from './breached-list.ts'
import { forEachLine, lineError, plainKey, sha1Key } from './list-lines.ts'

type Options = {
  /** The lines are passwords, not hashes. */
  plain?: boolean
  /** Called from time to time with the number of passwords read. */
  onProgress?: (count: number) => void
}

/** What a killed import leaves ends like this; a running one writes to it all the time. */
const PARTIAL = '.partial'
const ABANDONED_MS = 3_600_000
const BLOCK_BYTES = KEY_BYTES * 6553
const PROGRESS_EVERY = 50_000_000

/**
 * Makes a list of breached passwords of text, in any order. The keys are sorted into parts in a temporary file first, of 10 bytes for each
 * password; then one part after the other is written. The list at `path` is replaced when the new one is on disk.
 * @throws Error when a line is no hash, there is no line, or a file cannot be written; the old list is left as it was
 */
export async function importBreached (
  input: AsyncIterable<Buffer>,
  path: string,
  { plain = false, onProgress = () => {} }: Options = {}
): Promise<BreachedList & { bytes: number }> {
  await refuseOther(path)
  await removeAbandoned(path)
  const keys = await openKeys(partialName(path))
  try {
    const count = await readKeys(input, keys, { plain, onProgress })
    if (count === 0) throw new Error('There is nothing in the list')
    const list = { count, partPages: partPagesFor(count), importedAt: new Date() }
    await replace(path, async (file) => await writeList(file, list, keys))
    return { ...list, bytes: (1 + PARTS * list.partPages) * PAGE_BYTES }
  } finally {
    await keys.close()
  }
}

async function readKeys (input: AsyncIterable<Buffer>, keys: Keys, { plain, onProgress }: Required<Options>): Promise<number> {
  const readKey = plain ? plainKey : sha1Key
  let count = 0
  await forEachLine(input, (bytes, start, end, number) => {
    if (!readKey(bytes, start, end, keys.next, 0)) {
      if (plain) return
      throw lineError(bytes, start, end, number)
    }
    keys.add()
    count++
    if (count % PROGRESS_EVERY === 0) onProgress(count)
  }, keys.flush)
  return count
}

async function writeList (file: FileHandle, list: BreachedList, keys: Keys): Promise<void> {
  await file.write(firstPage(list))
  const pages = Buffer.alloc(list.partPages * PAGE_BYTES)
  for (let part = 0; part < PARTS; part++) {
    pages.fill(0)
    for await (const block of keys.read(part)) {
      for (let offset = 0; offset < block.length; offset += KEY_BYTES) {
        const begin = pageOf(block, offset, list.partPages) * PAGE_BYTES
        for (const position of positionsOf(block, offset)) pages[begin + (position >> 3)]! |= 1 << (position & 7)
      }
    }
    for (let begin = 0; begin < pages.length; begin += PAGE_BYTES) sealPage(pages.subarray(begin, begin + PAGE_BYTES))
    await file.write(pages)
  }
}

type Keys = Awaited<ReturnType<typeof openKeys>>

/** Keys by part, in a file that the system deletes when the process ends, however it ends. */
async function openKeys (path: string) {
  const file = await open(path, 'wx+')
  await unlink(path)
  const next = Buffer.alloc(KEY_BYTES)
  const parts = Array.from({ length: PARTS }, () => ({ block: Buffer.allocUnsafe(BLOCK_BYTES), used: 0, written: [] as number[] }))
  let full: { part: number, block: Buffer }[] = []
  let end = 0

  /** Adds the key in `next`. */
  function add (): void {
    const part = parts[next[0]!]!
    next.copy(part.block, part.used)
    part.used += KEY_BYTES
    if (part.used < BLOCK_BYTES) return
    full.push({ part: next[0]!, block: part.block })
    part.block = Buffer.allocUnsafe(BLOCK_BYTES)
    part.used = 0
  }

  async function flush (): Promise<void> {
    for (const { part, block } of full) {
      await file.write(block, 0, BLOCK_BYTES, end)
      parts[part]!.written.push(end)
      end += BLOCK_BYTES
    }
    full = []
  }

  async function * read (number: number): AsyncGenerator<Buffer> {
    const { block, used, written } = parts[number]!
    yield block.subarray(0, used)
    for (const position of written) {
      await file.read(block, 0, BLOCK_BYTES, position)
      yield block
    }
  }

  return { next, add, flush, read, close: async () => await file.close() }
}

/** Writes a file beside `path`, which takes its place once it is on disk. */
async function replace (path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const partial = partialName(path)
  const file = await open(partial, 'wx')
  try {
    await write(file).then(async () => await file.sync()).finally(async () => await file.close())
    await rename(partial, path)
  } catch (error) {
    await unlink(partial).catch(() => {})
    throw error
  }
  await syncDirectory(dirname(path))
}

/** Makes the new name last. Not every system can open a directory. */
async function syncDirectory (path: string): Promise<void> {
  const directory = await open(path).catch(() => null)
  await directory?.sync().catch(() => {})
  await directory?.close()
}

/** The list that was downloaded must not be overwritten by mistake. */
async function refuseOther (path: string): Promise<void> {
  const found = await stat(path).catch(() => null)
  if (!found) return
  if (!found.isFile()) throw new Error(`${path} is not a file; give the file in which the list is to be kept`)
  if (!await looksLikeList(path)) throw new Error(`${path} holds something else, and would be overwritten; move it away, or give another file`)
}

async function removeAbandoned (path: string): Promise<void> {
  const directory = dirname(path)
  for (const name of await readdir(directory)) {
    if (!name.startsWith(`${basename(path)}.`) || !name.endsWith(PARTIAL)) continue
    const { mtimeMs } = await stat(join(directory, name))
    if (mtimeMs < Date.now() - ABANDONED_MS) await unlink(join(directory, name))
  }
}

function partialName (path: string): string {
  return `${path}.${randomBytes(6).toString('hex')}${PARTIAL}`
}
