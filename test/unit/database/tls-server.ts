import { chmod, chown, copyFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import type { Test } from 'tap'
import { packageRoot } from '../../../src/database/package-root.ts'
import { query, start, temporaryDirectory } from './embedded-helper.ts'

/** Of a CA of the tests: one for the server `localhost`, one for the user `cert_user`. */
export const certificate = (name: string) => join(packageRoot, 'test/unit/database/certificates', name)

const PASSWORD = 'secret'
/** Who may come how. `pg_hba.conf` has the first line that fits. */
const RULES = `
hostnossl all plain_only 127.0.0.1/32 scram-sha-256
hostssl all tls_only 127.0.0.1/32 scram-sha-256
hostssl all cert_user 127.0.0.1/32 cert
host all latchkey,postgres 127.0.0.1/32 scram-sha-256
`

export type TlsServer = {
  /** URL of a user on this server, with parameters. */
  url: (user: string, parameters?: string, host?: string) => string
  admin: (sql: string) => Promise<unknown[]>
  setTls: (on: boolean) => Promise<void>
}

/** A PostgreSQL of its own that speaks TLS, and tells by its users who may do without. */
export async function startTlsServer (t: Test): Promise<TlsServer> {
  const dataDir = await temporaryDirectory(t)
  const { url: adminUrl } = await start(t, dataDir)
  const directory = join(dataDir, 'postgres')
  const { uid, gid } = await stat(directory)
  for (const name of ['server.crt', 'server.key', 'ca.crt']) {
    await copyFile(certificate(name), join(directory, name))
    await chown(join(directory, name), uid, gid)
    await chmod(join(directory, name), 0o600)
  }
  await writeFile(join(directory, 'pg_hba.conf'), RULES)
  const admin = (sql: string) => query(adminUrl, sql)
  for (const user of ['plain_only', 'tls_only', 'cert_user']) await admin(`CREATE ROLE ${user} LOGIN SUPERUSER PASSWORD '${PASSWORD}'`)
  await admin("ALTER SYSTEM SET ssl_ca_file = 'ca.crt'")

  async function setTls (on: boolean): Promise<void> {
    await admin(`ALTER SYSTEM SET ssl = ${on ? 'on' : 'off'}`)
    await admin('SELECT pg_reload_conf()')
    // Connections that began before the server has read it are of the old kind
    for (;;) if ((await admin('SHOW ssl') as { ssl: string }[])[0]?.ssl === (on ? 'on' : 'off')) return
  }

  function url (user: string, parameters = '', host = '127.0.0.1'): string {
    const made = new URL(adminUrl)
    if (user !== 'latchkey') Object.assign(made, { username: user, password: PASSWORD })
    Object.assign(made, { hostname: host, search: parameters })
    return made.href
  }

  await setTls(true)
  return { url, admin, setTls }
}

export async function isEncrypted (client: Pick<pg.ClientBase, 'query'>): Promise<boolean> {
  const { rows } = await client.query<{ ssl: boolean }>('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()')
  return rows[0]!.ssl
}
