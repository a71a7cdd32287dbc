import pg, { type ClientBase, type ClientConfig, type PoolConfig, type QueryConfig } from 'pg'
import type { DatabaseConnection } from './connection.ts'
import { sessionSettings } from './session.ts'
import { tlsConnection } from './tls-connection.ts'

type Options = Omit<PoolConfig, 'ssl' | 'connection' | 'Client' | 'onConnect'>

/** A pg client for a database, not yet connected. */
export function newClient (database: DatabaseConnection, more: Omit<ClientConfig, 'ssl' | 'connection'> = {}): pg.Client {
  return new (clientOf(database))({ ...more, ...database.options })
}

/**
 * A pool of identically configured connections.
 * @param prepared what each connection runs before it is used; by default the settings that we rely on
 */
export function newPool (
  database: DatabaseConnection,
  more: Options,
  prepared: (client: ClientBase) => Promise<void> = settled(database)
): pg.Pool {
  return new pg.Pool({ ...more, ...database.options, Client: clientOf(database), onConnect: prepared })
}

function settled ({ schema, timeouts }: DatabaseConnection) {
  const settings = sessionSettings({ schema, timeouts })
  return async (client: ClientBase) => { await client.query(settings) }
}

/** pg's pool creates its clients from a class. */
function clientOf ({ tls, prepare }: DatabaseConnection) {
  class TlsClient extends pg.Client {
    constructor (config: ClientConfig = {}) {
      // The pool makes the password non-enumerable, so that it is not logged; copy it explicitly
      const { password } = config
      super({ ...config, password, ssl: false, connection: tlsConnection(tls, config) })
    }
  }
  return prepare ? TlsClient : withoutNames(TlsClient)
}

/** A statement without a name is parsed each time, and works on any connection. */
function withoutNames (Client: new (config?: ClientConfig) => pg.Client) {
  return class extends Client {
    constructor (config: ClientConfig = {}) {
      super(config)
      const query = this.query.bind(this) as (config: QueryConfig | string, ...rest: unknown[]) => unknown
      Object.assign(this, {
        query: (config: QueryConfig | string, ...rest: unknown[]) =>
          query(typeof config === 'string' ? config : Object.assign(config, { name: undefined }), ...rest)
      })
    }
  }
}
