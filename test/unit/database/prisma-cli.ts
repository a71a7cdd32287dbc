import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { packageRoot } from '../../../src/database/package-root.ts'

const run = promisify(execFile)

export const PRISMA = join(packageRoot, 'node_modules', 'prisma', 'build', 'index.js')
export const skip = !existsSync(join(packageRoot, 'dist', 'src', 'database', 'engine-command.js')) && 'not built'

/** What the Prisma CLI says, with our engine. */
export async function prisma (cwd: string, env: Record<string, string>, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await run(process.execPath, [PRISMA, ...args], {
    cwd,
    env: {
      ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: join(packageRoot, 'prisma', 'schema-engine.js'), CHECKPOINT_DISABLE: '1',
      NODE_OPTIONS: '', ...env
    }
  }).catch((error: { stdout?: string, stderr?: string }) => ({ stdout: error.stdout ?? '', stderr: error.stderr ?? String(error) }))
  return `${stdout}\n${stderr}`
}
