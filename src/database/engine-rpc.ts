import type { SchemaEngine } from '@prisma/schema-engine-wasm'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { engineMessage } from './schema-engine.ts'

const RENAMED = new Map([['getDatabaseVersion', 'version']])

export interface OpenEngine {
  engine: SchemaEngine
  close (): Promise<void>
}

export interface EngineSession {
  /** Its error is the answer to every request: the CLI displays that, whereas it ignores an engine that exits. */
  open (): Promise<OpenEngine>
  input: Readable
  output: Writable
  signal: AbortSignal
}

interface Request {
  id: unknown
  method: string
  params: unknown
}

/** Serves the Prisma CLI, one JSON-RPC message per line, until it closes the pipe or the signal aborts. */
export async function serveEngine ({ open, input, output, signal }: EngineSession): Promise<void> {
  const opening = open()
  // The error is reported by the first request
  opening.catch(() => {})
  for await (const line of createInterface({ input, signal, crlfDelay: Infinity })) {
    const request = readRequest(line)
    if (request === undefined) continue
    for (const message of await answer(opening, request)) output.write(`${JSON.stringify(message)}\n`)
  }
  const opened = await opening.catch(() => undefined)
  await opened?.close()
}

// A message without a method is the CLI's acknowledgement of printed text, which needs no answer.
function readRequest (line: string): Request | undefined {
  const message: unknown = JSON.parse(line)
  if (typeof message !== 'object' || message === null || !('id' in message)) return undefined
  if (!('method' in message) || typeof message.method !== 'string') return undefined
  return { id: message.id, method: message.method, params: 'params' in message ? message.params : undefined }
}

async function answer (opening: Promise<OpenEngine>, { id, method, params }: Request): Promise<object[]> {
  const reply = { jsonrpc: '2.0', id }
  try {
    const { engine } = await opening
    const result = await call(engine, method, params)
    return [...printed(result).map((content) => ({ ...reply, method: 'print', params: { content } })), { ...reply, result: result ?? null }]
  } catch (error) {
    return [{ ...reply, error: rpcError(error) }]
  }
}

// Two methods ignore the shadow database unless `devDiagnostic` has already replayed the same migrations in it
async function call (engine: SchemaEngine, name: string, params: unknown): Promise<unknown> {
  try {
    return await invoke(engine, RENAMED.get(name) ?? name, params)
  } catch (error) {
    if (!engineMessage(error).includes('must be provided through an external factory')) throw error
    await invoke(engine, 'devDiagnostic', params)
    return await invoke(engine, name, params)
  }
}

async function invoke (engine: SchemaEngine, name: string, params: unknown): Promise<unknown> {
  const method: unknown = Reflect.get(engine, name)
  if (typeof method !== 'function') throw new Error(`the migration engine has no method ${name}`)
  return await method.call(engine, params)
}

// The CLI does not read the text that `diff` returns: it expects a request to print it
function printed (result: unknown): string[] {
  const hasText = typeof result === 'object' && result !== null && 'stdout' in result && typeof result.stdout === 'string'
  return hasText ? [String(result.stdout)] : []
}

function rpcError (error: unknown): object {
  return {
    code: 4466, message: 'An error happened. Check the data field for details.',
    data: { is_panic: false, message: engineMessage(error), meta: null }
  }
}
