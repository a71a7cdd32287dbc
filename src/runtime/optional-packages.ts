import { createRequire } from 'node:module'

/** How to install the packages that are optional because each is for one system. */
export const INSTALL_OPTIONAL =
  'run `npm install --include=optional`, and without `--omit=optional` from now on; where node_modules or the lock file came from another system, delete both and run `npm install` on this one'

/**
 * Loads a package whose native program is a separate optional package for each system. Without that one, the package's own error only
 * mentions an npm bug.
 * @throws Error saying what is missing, for which system, and what to run
 */
export async function loadNative<Module> (name: string, load: () => Promise<Module>): Promise<Module> {
  try {
    return await load()
  } catch (error) {
    throw new Error(await reasonFor(name, error), { cause: error })
  }
}

async function reasonFor (name: string, error: unknown): Promise<string> {
  const require = resolver(import.meta.url, name)
  if (!require) return `the package ${name} is not installed: run \`npm install\``
  const { optionalDependencies = {} } = require(`${name}/package.json`) as { optionalDependencies?: Record<string, string> }
  const wanted = Object.keys(optionalDependencies).filter(isForThisSystem)
  const installed = wanted.find((candidate) => resolver(require.resolve(name), candidate))
  if (installed) {
    return `${name} hashes passwords, and its program in ${installed} cannot be loaded on this system (${thisSystem()}): ${innermost(error)}`
  }
  if (wanted.length === 0) return `${name} hashes passwords, and has no program for this system (${thisSystem()}): use another one`
  return `${name} hashes passwords, and its program for this system (${thisSystem()}) is missing: the package ${wanted.join(' or ')} is not installed; ${INSTALL_OPTIONAL}`
}

/** Resolves packages from another module: package managers that do not hoist make them visible only there. */
function resolver (from: string, name: string): NodeJS.Require | undefined {
  const require = createRequire(from)
  try {
    require.resolve(name)
    return require
  } catch {
    return undefined
  }
}

function isForThisSystem (name: string): boolean {
  const match = new RegExp(`-${process.platform}-${process.arch}(?:-(.+))?$`).exec(name)
  if (!match) return false
  const [, libc] = match
  return process.platform !== 'linux' || libc === undefined || libc.startsWith('musl') === (libcName() === 'musl')
}

/** Platform, architecture and, on Linux, the C library. */
export function thisSystem (): string {
  const libc = process.platform === 'linux' ? ` ${libcName()}` : ''
  return `${process.platform} ${process.arch}${libc}`
}

function libcName (): 'glibc' | 'musl' {
  const report: NodeJS.ProcessReport & { excludeNetwork?: boolean } = process.report
  const { excludeNetwork = false } = report
  // With the network, the report would resolve host names
  report.excludeNetwork = true
  const { header } = report.getReport() as { header: { glibcVersionRuntime?: string } }
  report.excludeNetwork = excludeNetwork
  return header.glibcVersionRuntime ? 'glibc' : 'musl'
}

/** The error that the system reported for the native program itself. */
function innermost (error: unknown): string {
  const messages = [...causes(error)].filter((message) => !/^Cannot find module|^Unsupported/.test(message))
  return messages.at(-1)?.split('\n')[0] ?? String(error)
}

function * causes (error: unknown): Generator<string> {
  if (Array.isArray(error)) for (const each of error) yield * causes(each)
  if (!(error instanceof Error)) return
  yield error.message
  yield * causes(error.cause)
}
