/** Fixes for an embedded database that cannot be created. Inside a host, the options come first. */
export const SET_DATABASE_URL = 'set DATABASE_URL (the option databaseUrl) to a PostgreSQL of your own'
export const SET_DATA_DIR = 'set LATCHKEY_DATA_DIR (the option dataDir)'
const ELSEWHERE = `${SET_DATA_DIR} to a writable directory, or ${SET_DATABASE_URL}`
const FULL = `free some space there, ${SET_DATA_DIR} to a directory on another disk, or ${SET_DATABASE_URL}`
const DENIED = `run as the owner of the directory, ${SET_DATA_DIR} to another one, or ${SET_DATABASE_URL}`

/** Error codes of the system, with a description and a fix. */
const PROBLEMS: Record<string, { reason: string, fix: string }> = {
  EACCES: { reason: 'permission denied', fix: DENIED },
  EPERM: { reason: 'permission denied', fix: DENIED },
  EROFS: { reason: 'the file system is read-only', fix: ELSEWHERE },
  ENOSPC: { reason: 'no space is left', fix: FULL },
  EDQUOT: { reason: 'the quota is used up', fix: FULL },
  EFBIG: { reason: 'the file is too large for the file system', fix: ELSEWHERE },
  EIO: { reason: 'the disk reports an error', fix: ELSEWHERE },
  ENOTDIR: { reason: 'a file is where a directory must be', fix: ELSEWHERE },
  EEXIST: { reason: 'a file is where a directory must be', fix: ELSEWHERE },
  EISDIR: { reason: 'a directory is where a file must be', fix: `move it away, or ${ELSEWHERE}` },
  ENAMETOOLONG: { reason: 'the name is too long', fix: ELSEWHERE },
  ELOOP: { reason: 'the symbolic links form a loop', fix: ELSEWHERE },
  ENOENT: { reason: 'no such file or directory', fix: ELSEWHERE }
}
// The same codes occur for starting programs, signals and the network, which are reported elsewhere
const NOT_OF_FILES = /^(spawn|kill|connect|listen|bind|getaddrinfo|uv_)/

/** Runs work on files in the data directory; errors of the system then name the path, the reason and the variable. */
export async function inDataDir<T> (directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw problemOf(directory, error) ?? error
  }
}

/** The fix, if the output of a PostgreSQL program mentions such a problem. */
export function fixFor (lines: string): string | undefined {
  if (/No space left on device|Disk quota exceeded/.test(lines)) return FULL
  if (/Permission denied|Operation not permitted/.test(lines)) return DENIED
  return /Read-only file system/.test(lines) ? ELSEWHERE : undefined
}

function problemOf (directory: string, cause: unknown): Error | undefined {
  if (!(cause instanceof Error)) return undefined
  const { code = '', syscall, path } = cause as NodeJS.ErrnoException
  const problem = PROBLEMS[code]
  if (!problem || syscall === undefined || NOT_OF_FILES.test(syscall)) return undefined
  const where = path === undefined || path === directory ? '' : ` at ${path}`
  return new Error(`the data directory ${directory} cannot be used: ${problem.reason}${where} (${code}): ${problem.fix}`, { cause })
}
