// Fills tables by COPY from files that the embedded server itself reads, which its superuser may do.
import { chmod, open, rm } from 'node:fs/promises'
import { join } from 'node:path'

const CHUNK = 250_000
const LINES = 5000

/** Copies rows into a table. The next file is written while the server reads the previous one. */
export async function copy (client, table, { columns, count, row }, folder) {
  let reading = Promise.resolve()
  for (let from = 0; from < count; from += CHUNK) {
    const path = join(folder, `${table}-${from}.copy`)
    await write(path, row, from, Math.min(count, from + CHUNK))
    await reading
    reading = client.query(`COPY ${table} (${columns}) FROM '${path}'`).then(() => rm(path))
    reading.catch(() => {})
  }
  await reading
}

async function write (path, row, from, to) {
  const file = await open(path, 'w')
  for (let index = from; index < to; index += LINES) {
    const lines = Array.from({ length: Math.min(LINES, to - index) }, (_, offset) => `${row(index + offset).join('\t')}\n`)
    await file.write(lines.join(''))
  }
  await file.close()
  await chmod(path, 0o644)
}

/** Bytes on disk per row, with indexes and TOAST. */
export async function bytesPerRow (client, tables, rows) {
  const { rows: [{ bytes }] } = await client.query(
    'SELECT sum(pg_total_relation_size(t::regclass))::float8 AS bytes FROM unnest($1::text[]) AS t',
    [tables]
  )
  return bytes / rows
}
