// Checks the package as users install it: packs it, installs the tarball in an empty Fastify app, and runs that app.
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const MAX_MEBIBYTES = 2

const run = (command, args, cwd, options = {}) =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], ...options })

const folder = mkdtempSync(join(tmpdir(), 'latchkey-pack-'))
// When run as root, the embedded PostgreSQL runs as another user, who needs access to the folder
chmodSync(folder, 0o755)
try {
  const [packed] = JSON.parse(run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], root))
  const tarball = join(folder, packed.filename)
  checkFiles(packed)
  run('npx', ['publint', tarball, '--strict'], root, { stdio: 'inherit' })
  run('npx', ['attw', tarball, '--profile', 'esm-only'], root, { stdio: 'inherit' })
  installAndRun(tarball)
  console.log('the package installs, registers in a Fastify app and serves')
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function checkFiles ({ files, size }) {
  const names = files.map(({ path }) => path)
  for (const wanted of [
    'dist/src/index.js', 'dist/src/index.d.ts', 'dist/src/cli/main.js', 'prisma/schema.prisma', 'README.md', 'LICENSE'
  ]) {
    if (!names.includes(wanted)) throw new Error(`the package lacks ${wanted}`)
  }
  if (!names.some((name) => /^prisma\/migrations\/.+\/migration\.sql$/.test(name))) throw new Error('the package lacks the migrations')
  const unwanted = names.filter((name) => /^(test|src|bench|\.)|\.env$|app\.key$/.test(name))
  if (unwanted.length > 0) throw new Error(`the package contains ${unwanted.slice(0, 5).join(', ')}`)
  if (size > MAX_MEBIBYTES * 2 ** 20) throw new Error(`the package has ${Math.round(size / 1024)} KiB`)
  console.log(`${names.length} files, ${Math.round(size / 1024)} KiB packed`)
}

function installAndRun (tarball) {
  const app = join(folder, 'app')
  cpSync(join(root, 'test', 'pack-app'), app, { recursive: true })
  writeFileSync(join(app, 'package.json'), JSON.stringify({ name: 'app', private: true, type: 'module' }))
  run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', 'fastify@5', tarball], app)
  run(process.execPath, ['app.js'], app, { stdio: 'inherit' })
  const help = run('npx', ['latchkey', '--help'], app)
  if (!help.includes('install')) throw new Error('npx latchkey --help does not list install')
}
