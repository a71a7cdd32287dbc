import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { importBreached } from '../passwords/import-breached.ts'
import type { Context } from './context.ts'
import type { Result } from './result.ts'

export type ImportArgs = { plain?: boolean, output?: string }

const CHUNK_BYTES = 1_048_576

/** Makes the list of breached passwords that the server asks; `-` reads standard input. Nothing is downloaded. */
export async function importPasswords (
  { config, log }: Pick<Context, 'config' | 'log'>,
  file: string,
  { plain = false, output = config.passwords.breached }: ImportArgs,
  stdin: AsyncIterable<Buffer> = process.stdin
): Promise<Result> {
  if (output === undefined) throw new Error('say where the list is to be kept: set BREACHED_PASSWORDS, or give --output <file>')
  const path = resolve(output)
  const input = file === '-' ? stdin : await readFrom(file)
  const { count, bytes } = await importBreached(input, path, {
    plain, onProgress: (count) => log.note(`${count.toLocaleString('en')} passwords read`)
  })
  const inUse = config.passwords.breached !== undefined && resolve(config.passwords.breached) === path
  return {
    json: { path, passwords: count, bytes },
    lines: [
      `${count.toLocaleString('en')} passwords are in ${path} (${(bytes / 1e6).toLocaleString('en', { maximumFractionDigits: 1 })} MB).`,
      inUse ? 'Running servers use it from now on.' : `Set BREACHED_PASSWORDS=${path} and restart the server to use it.`
    ]
  }
}

async function readFrom (path: string): Promise<AsyncIterable<Buffer>> {
  const file = await open(path)
  if ((await file.stat()).isDirectory()) {
    await file.close()
    throw new Error(`${path} is a directory; give one file, or - for standard input`)
  }
  return file.createReadStream({ highWaterMark: CHUNK_BYTES })
}
