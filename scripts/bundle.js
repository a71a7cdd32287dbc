// Some dependencies consist of hundreds of small files, each of which a start would open. Bundles each into one file in dist/vendor/, which
// dist/ imports instead.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { build } from 'esbuild'

const BUNDLED = ['typebox', 'typebox/compile', '@fastify/type-provider-typebox', 'jose', 'uuid']

const root = join(import.meta.dirname, '..')
const vendor = join(root, 'dist/vendor')
const fileOf = (name) => `${name.replace(/^@/, '').replaceAll('/', '-')}.js`

/** Left out of the bundle so that there is one registry of formats: those that a host adds to TypeBox apply here too. */
const sharedFormats = {
  name: 'shared-formats',
  setup ({ onResolve }) {
    onResolve(
      { filter: /\/format\/index\.mjs$/ },
      ({ importer }) => importer.includes('/typebox/') ? { path: 'typebox/format', external: true } : undefined
    )
  }
}

/** Writes dist/vendor/ and redirects the imports in dist/ to it. */
export async function bundle () {
  await build({
    absWorkingDir: root,
    entryPoints: BUNDLED.map((name) => ({ in: name, out: fileOf(name).slice(0, -'.js'.length) })),
    outdir: vendor,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['ajv-formats', 'typebox/format'],
    plugins: [sharedFormats],
    logLevel: 'warning'
  })
  for (const file of filesOf(join(root, 'dist'), '.js')) redirect(file)
  writeFileSync(join(vendor, 'LICENSES.txt'), licenses())
}

function filesOf (folder, suffix) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(suffix))
    .map((name) => join(folder, name))
    .filter((file) => !file.startsWith(vendor))
}

function redirect (file) {
  const before = readFileSync(file, 'utf8')
  const after = before.replace(
    /(?<=^(?:import|export) .*from )'([^'.][^']*)'/gm,
    (quoted, name) => BUNDLED.includes(name) ? `'${pathTo(file, name)}'` : quoted
  )
  if (after !== before) writeFileSync(file, after)
}

function pathTo (file, name) {
  const path = relative(dirname(file), join(vendor, fileOf(name))).replaceAll('\\', '/')
  return path.startsWith('.') ? path : `./${path}`
}

function licenses () {
  const packages = new Set(BUNDLED.map((name) => name.startsWith('@') ? name : name.split('/')[0]))
  return [...packages].map((name) => {
    const folder = join(root, 'node_modules', name)
    const license = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry))
    return `${name}\n\n${readFileSync(join(folder, license), 'utf8').trim()}\n`
  }).join(`\n${'-'.repeat(80)}\n\n`)
}
