import { hash } from 'node:crypto'
import { open, stat, type FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'

/**
 * A file of pages. The first describes the list. Each of the others is a Bloom filter of the passwords whose SHA-1 belongs to it, so that a
 * look-up reads one page however long the list is. The last 4 bytes of a page are the CRC-32 of the others.
 */
export const PAGE_BYTES = 4096
const DATA_BYTES = PAGE_BYTES - 4
const PAGE_BITS = DATA_BYTES * 8
/** By the first byte of a hash; all have the same number of pages. */
export const PARTS = 256
/** With 14 positions, one of 15,000 other passwords is taken for a breached one. */
const BITS_PER_PASSWORD = 20
const POSITIONS = 14
/** The part of a SHA-1 that decides about page and positions. */
export const KEY_BYTES = 10

const TITLE = 'latchkey breached passwords'
const VERSION = 1
const AGAIN = 'make it again with `latchkey passwords import`'

/** What the first page says. */
export type BreachedList = {
  /** Pages of one part. */
  partPages: number
  /** Number of passwords, with repeated ones. */
  count: number
  importedAt: Date
}

/**
 * Reads the first page of a list.
 * @throws Error saying what is wrong with the file
 */
export async function readBreachedList (path: string): Promise<BreachedList> {
  return await withList(path, async (_file, list) => list)
}

/**
 * Each look-up opens the file, so that it finds the newest list. Nothing is kept in memory.
 * @param text the normalized password
 * @throws Error saying what is wrong with the file
 */
export async function isBreached (path: string, text: string): Promise<boolean> {
  const key = hash('sha1', text, 'buffer')
  return await withList(path, async (file, { partPages }) => {
    const number = 1 + key[0]! * partPages + pageOf(key, 0, partPages)
    const page = await readPage(file, number)
    if (!isIntact(page)) throw new Error(`${path} is damaged in page ${number}; ${AGAIN}`)
    return positionsOf(key, 0).every((position) => (page[position >> 3]! & (1 << (position & 7))) !== 0)
  })
}

/** The page of a key within its part. Keys in order have pages in order. */
export function pageOf (keys: Buffer, offset: number, partPages: number): number {
  return Math.floor(keys.readUIntBE(offset + 1, 3) / 2 ** 24 * partPages)
}

const positions = new Uint16Array(POSITIONS)

/**
 * The bits of a key in its page, by enhanced double hashing.
 * @returns valid until the next call
 */
export function positionsOf (keys: Buffer, offset: number): Uint16Array {
  let position = keys.readUIntBE(offset + 4, 3) % PAGE_BITS
  let step = keys.readUIntBE(offset + 7, 3) % PAGE_BITS
  for (let index = 0; index < POSITIONS; index++) {
    positions[index] = position
    position = (position + step) % PAGE_BITS
    step = (step + index) % PAGE_BITS
  }
  return positions
}

export function partPagesFor (count: number): number {
  return Math.ceil(count * BITS_PER_PASSWORD / PAGE_BITS / PARTS)
}

export function firstPage ({ partPages, count, importedAt }: BreachedList): Buffer {
  const page = Buffer.alloc(PAGE_BYTES)
  const end = page.write(`${TITLE} ${VERSION}\n`)
  page.writeUInt32BE(partPages, end)
  page.writeDoubleBE(count, end + 4)
  page.writeDoubleBE(importedAt.getTime(), end + 12)
  return sealPage(page)
}

/** Writes the checksum. */
export function sealPage (page: Buffer): Buffer {
  page.writeUInt32BE(crc32(page.subarray(0, DATA_BYTES)), DATA_BYTES)
  return page
}

/** Whether a file is a list, of whatever version and however damaged. */
export async function looksLikeList (path: string): Promise<boolean> {
  const file = await open(path)
  try {
    return titleOf(await readPage(file, 0)) !== null
  } finally {
    await file.close()
  }
}

async function withList<T> (path: string, work: (file: FileHandle, list: BreachedList) => Promise<T>): Promise<T> {
  // Opening a pipe would wait for its writer
  if (!(await stat(path).catch(unreadable)).isFile()) throw new Error(`${path} is not a file`)
  const file = await open(path).catch(unreadable)
  try {
    return await work(file, await readFirstPage(path, file))
  } finally {
    await file.close()
  }
}

async function readFirstPage (path: string, file: FileHandle): Promise<BreachedList> {
  const page = await readPage(file, 0)
  const title = titleOf(page)
  if (title === null) throw new Error(`${path} is not a list that \`latchkey passwords import\` has made`)
  if (title.version !== VERSION) throw new Error(`${path} was made by another version of Latchkey (format ${title.version}); ${AGAIN}`)
  if (!isIntact(page)) throw new Error(`${path} is damaged; ${AGAIN}`)
  const partPages = page.readUInt32BE(title.end)
  const { size } = await file.stat()
  if (size !== (1 + PARTS * partPages) * PAGE_BYTES) throw new Error(`${path} is not complete; ${AGAIN}`)
  return { partPages, count: page.readDoubleBE(title.end + 4), importedAt: new Date(page.readDoubleBE(title.end + 12)) }
}

function titleOf (page: Buffer): { version: number, end: number } | null {
  const [line, title, version] = /^(.*) (\d+)\n/.exec(page.subarray(0, 64).toString('latin1')) ?? []
  return line !== undefined && title === TITLE ? { version: Number(version), end: line.length } : null
}

async function readPage (file: FileHandle, number: number): Promise<Buffer> {
  const page = Buffer.alloc(PAGE_BYTES)
  await file.read(page, 0, PAGE_BYTES, number * PAGE_BYTES)
  return page
}

function isIntact (page: Buffer): boolean {
  return crc32(page.subarray(0, DATA_BYTES)) === page.readUInt32BE(DATA_BYTES)
}

function unreadable (error: NodeJS.ErrnoException): never {
  const { code, path } = error
  if (code === 'ENOENT') throw new Error(`${path} does not exist; make it with \`latchkey passwords import\``, { cause: error })
  throw new Error(`${path} cannot be read: ${code === 'EACCES' ? 'permission denied' : error.message}`, { cause: error })
}
