import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { bindMigrationAwareSqlAdapterFactory, type SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils'
import type { SchemaEngine } from '@prisma/schema-engine-wasm'

type Datamodels = [path: string, content: string][]

export interface EngineOptions {
  adapter: SqlMigrationAwareDriverAdapterFactory
  datamodels?: Datamodels
  log?: (line: string) => void
}

// The part that is used: the types of Node 20 lack it
declare const WebAssembly: {
  instantiate (bytes: Uint8Array, imports: Record<string, object>): Promise<{ instance: { exports: Record<string, unknown> } }>
}

declare global {
  // The engine looks for this name when it panics
  var PRISMA_WASM_PANIC_REGISTRY: { set_message (message: string): void }
}

let loading: ReturnType<typeof load> | undefined

/** Prisma's migration engine on a connection. Loaded on first use: it has 5 MB of WebAssembly. */
export async function createSchemaEngine ({ adapter, datamodels = [], log = () => {} }: EngineOptions): Promise<SchemaEngine> {
  const engine = await (loading ??= load())
  // The engine panics on an empty list
  const options = { datamodels: datamodels.length === 0 ? undefined : datamodels }
  return await engine.SchemaEngine.new(options, log, bindMigrationAwareSqlAdapterFactory(adapter))
}

export async function engineVersion (): Promise<string> {
  const engine = await (loading ??= load())
  return engine.version()
}

/** The engine's messages end with locations in its source. */
export function engineMessage (error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.replace(/\n\s+0: [\s\S]*$/, '').trim()
}

// The package's own entry imports the .wasm file as a module, which Node 20 supports only behind a flag
async function load () {
  globalThis.PRISMA_WASM_PANIC_REGISTRY = { set_message: (message) => { console.error(message) } }
  const glue = await import('@prisma/schema-engine-wasm/schema_engine_bg')
  const path = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg')
  const bytes = await readFile(join(dirname(path), 'schema_engine_bg.wasm'))
  const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': withIdleTimers(glue) })
  glue.__wbg_set_wasm(instance.exports)
  const { __wbindgen_start: start } = instance.exports
  if (typeof start === 'function') start()
  return glue
}

// The engine limits its wait for a lock by a timer of 10 s that it never clears; the process must not wait for it
function withIdleTimers (glue: object): object {
  const idleTimer = (callback: () => void, ms: number) => setTimeout(callback, ms).unref()
  return Object.fromEntries(Object.entries(glue).map(([name, value]) => [name, name.startsWith('__wbg_setTimeout_') ? idleTimer : value]))
}
