import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'

export type PasswordArgs = { password?: string, passwordStdin?: boolean }
type Terminal = { stdin: NodeJS.ReadableStream & { isTTY?: boolean }, stderr: NodeJS.WritableStream }

/** The password from the command line, from standard input, or from a prompt on a terminal. */
export async function readPassword ({ password, passwordStdin }: PasswordArgs, { stdin, stderr }: Terminal = process): Promise<string> {
  if (password !== undefined && passwordStdin) throw new Error('--password and --password-stdin cannot be combined; choose one')
  if (password !== undefined) return password
  if (passwordStdin) return (await text(stdin)).replace(/\r?\n$/, '')
  if (!stdin.isTTY) throw new Error('the password is missing; give --password-stdin or --password <password>')
  const first = await ask('Password: ', { stdin, stderr })
  if (await ask('Again: ', { stdin, stderr }) !== first) throw new Error('the two passwords differ')
  return first
}

/** Reads a line without echo. */
async function ask (question: string, { stdin, stderr }: Terminal): Promise<string> {
  stderr.write(question)
  const silence = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: stdin, output: silence, terminal: true, historySize: 0 })
  try {
    return await new Promise((resolve, reject) => {
      lines.once('line', resolve)
      lines.once('SIGINT', () => reject(new Error('interrupted')))
      lines.once('close', () => reject(new Error('interrupted')))
    })
  } finally {
    lines.close()
    stderr.write('\n')
  }
}
