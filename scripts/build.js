// Generates the Prisma client, compiles TypeScript to dist/, and bundles some dependencies. Runs at `npm ci` and before the tests.
import { spawnSync } from 'node:child_process'
import { chmodSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { bundle } from './bundle.js'

const root = fileURLToPath(new URL('..', import.meta.url))

function run (script, ...args) {
  const { status } = spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  if (status !== 0) process.exit(status ?? 1)
}

run('node_modules/prisma/build/index.js', 'generate')
rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true })
run('node_modules/typescript/bin/tsc')
await bundle()
chmodSync(new URL('../dist/src/cli/main.js', import.meta.url), 0o755)
