// Compiles changed sources and tests to JavaScript in build/, which starts faster than TypeScript behind a loader.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const SOURCES = ['src', 'plugins', 'routes', 'prisma/generated']
export const FOLDERS = [...SOURCES, 'test']

const root = fileURLToPath(new URL('..', import.meta.url))
const target = join(root, 'build')
const testTap = join(root, 'scripts/test-tap.js')

/** The file in build/ for `test/x.test.ts`. */
export const outputOf = (file) => join(target, file.replace(/\.tsx?$/, '.js'))

/**
 * Compiles the sources that are newer than their JavaScript, and removes JavaScript whose source is gone.
 * @returns the sources, as paths from the root
 */
export async function compileTests () {
  const sources = FOLDERS.flatMap((folder) => filesIn(folder).filter((file) => /\.tsx?$/.test(file)))
  const wanted = new Set(sources.map(outputOf))
  const outputs = filesIn('build').filter((file) => /\.js(\.map)?$/.test(file))
  for (const file of outputs) if (!wanted.has(join(root, file.replace(/\.map$/, '')))) rmSync(join(root, file))
  const since = statSync(fileURLToPath(import.meta.url)).ctimeMs
  const changed = sources.filter((file) => {
    const made = statSync(outputOf(file), { throwIfNoEntry: false })?.mtimeMs ?? 0
    return made < since || made < statSync(join(root, file)).ctimeMs
  })
  if (changed.length > 0) await compile(changed)
  return sources
}

/** Runs `npm run build` when the package or the Prisma client is older than its sources. */
export function buildPackage ({ onlyClient = false } = {}) {
  const changed = (file) => statSync(join(root, file)).ctimeMs
  const made = (file) => statSync(join(root, file), { throwIfNoEntry: false })?.mtimeMs ?? 0
  const sources = SOURCES.flatMap(filesIn).filter((file) => /(?<!\.d)\.tsx?$/.test(file))
  const outputs = new Set(sources.map((file) => join('dist', file.replace(/\.tsx?$/, '.js'))))
  // A source that is gone leaves its output behind
  const isOld = () => Math.max(...sources.map(changed)) > made('dist/src/cli/main.js') ||
    SOURCES.flatMap((folder) => filesIn(join('dist', folder))).some((file) => file.endsWith('.js') && !outputs.has(file))
  const stale = made('prisma/generated/client.ts') < changed('prisma/schema.prisma') || (!onlyClient && isOld())
  if (stale && spawnSync(process.execPath, [join(root, 'scripts/build.js')], { stdio: 'inherit' }).status !== 0) process.exit(1)
}

const filesIn = (folder) => existsSync(join(root, folder))
  ? readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
  : []

/** Changes imports of `.ts` to `.js`, and those of tap to `test-tap.js`; nothing is bundled. */
const javascriptImports = {
  name: 'javascript-imports',
  setup ({ onResolve }) {
    onResolve({ filter: /^\./ }, ({ kind, path }) =>
      kind === 'entry-point' ? undefined : { path: path.replace(/\.tsx?$/, '.js'), external: true })
    onResolve({ filter: /^tap$/ }, ({ importer }) => {
      const file = relative(root, importer)
      return { path: `${relative(dirname(outputOf(file)), testTap).split(sep).join('/')}?${encodeURIComponent(file)}`, external: true }
    })
  }
}

async function compile (files) {
  const { build } = await import('esbuild')
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: files,
    outdir: target,
    outbase: '.',
    write: false,
    bundle: true,
    packages: 'external',
    plugins: [javascriptImports],
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: true,
    logLevel: 'warning'
  })
  for (const { path, contents } of outputFiles) {
    mkdirSync(dirname(path), { recursive: true })
    // Written to a temporary name first, because another run may be reading the file
    const draft = `${path}.${process.pid}`
    writeFileSync(draft, contents)
    renameSync(draft, path)
  }
}
