import type { Client } from 'pg'
import { quoteIdentifier } from '../../database/connection.ts'
import type { SigningKey } from '../../keys/key-ring.ts'
import type { ClientFacts } from './clients.ts'
import { POOLED, type ServerFacts } from './database.ts'
import { createReadDeletions } from './deletions.store.ts'
import type { OutboxFacts } from './mail.ts'
import type { Extras } from './migrations.ts'
import { createSealedStore } from '../sealed.store.ts'
import { keyColumns } from '../../keys/keys.store.ts'
import { LONGEST_TOKEN_TTL } from '../../database/settings.store.ts'

const ROUNDS = 5

/** What `latchkey doctor` reads; it writes nothing. */
export function createInspection (client: Client, schema: string) {
  const name = (table: string) => `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`

  async function server (): Promise<ServerFacts> {
    const { rows } = await client.query<Omit<ServerFacts, 'pooled' | 'latency'> & { pid: number }>(
      `SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS "versionNumber",
        pg_is_in_recovery() AS standby, current_setting('default_transaction_read_only')::bool AS "readOnly",
        current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS "maxConnections", pg_backend_pid() AS pid,
        (SELECT json_object_agg(name, reset_val) FROM pg_settings WHERE name = ANY ($1)) AS settings`,
      [Object.keys(POOLED)]
    )
    const { pid, ...facts } = rows[0]!
    // The process id that a pooler reports is not the server's
    const told = (client as unknown as { processID: number | null }).processID
    return { ...facts, pooled: told !== pid, latency: await latency() }
  }

  async function latency (): Promise<number> {
    const times: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const began = performance.now()
      await client.query('SELECT 1')
      times.push(performance.now() - began)
    }
    return times.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)]!
  }

  /** Milliseconds by which the database's clock is ahead of ours, compared with the middle of the fastest of several round trips. */
  async function clockAhead (): Promise<number> {
    let best = { took: Infinity, ahead: 0 }
    for (let round = 0; round < ROUNDS; round++) {
      const sent = Date.now()
      const { rows } = await client.query<{ now: number }>('SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now')
      const took = Date.now() - sent
      if (took < best.took) best = { took, ahead: rows[0]!.now - (sent + took / 2) }
    }
    return best.ahead
  }

  async function hasTables (): Promise<boolean> {
    const { rows } = await client.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [name('sessions')])
    return rows[0]!.there
  }

  async function extras (): Promise<Extras> {
    const { rows } = await client.query<Extras>(
      `SELECT (SELECT substring(option FROM 'fillfactor=(.*)')::int FROM pg_class, unnest(reloptions) AS option WHERE oid = to_regclass($1) AND option LIKE 'fillfactor=%') AS fillfactor,
        EXISTS (SELECT FROM pg_index WHERE indrelid = to_regclass($2) AND indisunique AND indisvalid AND indpred IS NOT NULL
          AND pg_get_indexdef(indexrelid, 1, true) = 'alg') AS "openKeyIndex",
        EXISTS (SELECT FROM pg_index WHERE indrelid = to_regclass($4) AND indisvalid AND pg_get_indexdef(indexrelid, 1, true) LIKE '%regexp_replace(%password_hash%') AS "schemeIndex",
        EXISTS (SELECT FROM pg_index WHERE indrelid = to_regclass($4) AND indisvalid AND pg_get_indexdef(indexrelid, 1, true) = 'deletion_requested_at') AS "deletionIndex",
        ARRAY(SELECT c.relname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE n.nspname = $3 AND NOT i.indisvalid) AS "invalidIndexes"`,
      [name('sessions'), name('signing_keys'), schema, name('users')]
    )
    return rows[0]!
  }

  async function keys (): Promise<SigningKey[]> {
    const { rows } = await client.query<SigningKey>(`SELECT ${keyColumns(name('settings'))} FROM ${name('signing_keys')}`)
    return rows
  }

  async function clients (): Promise<ClientFacts[]> {
    const { rows } = await client.query<ClientFacts>(
      `SELECT id, slug, secret_hash IS NOT NULL AS "hasSecret", auth_method AS "authMethod", grant_types AS "grantTypes", redirect_uris AS "redirectUris", scopes,
        first_party AS "firstParty", proxy, skips_consent AS "skipsConsent", pkce_optional AS "pkceOptional", access_token_ttl AS "accessTokenTtl"
       FROM ${name('clients')} WHERE revoked_at IS NULL ORDER BY created_at`
    )
    return rows
  }

  /** Seconds; null before the first start. */
  async function longestTokenTtl (): Promise<number | null> {
    const { rows } = await client.query<{ ttl: number }>(
      `SELECT value::text::int AS ttl FROM ${name('settings')} WHERE name = $1`,
      [LONGEST_TOKEN_TTL]
    )
    return rows[0]?.ttl ?? null
  }

  async function outbox (): Promise<OutboxFacts> {
    const { rows } = await client.query<OutboxFacts>(
      `SELECT count(*) FILTER (WHERE failed_at IS NULL)::int AS queued,
        coalesce(extract(epoch FROM now() - min(created_at) FILTER (WHERE failed_at IS NULL)), 0)::float8 AS oldest,
        coalesce(json_agg(json_build_object('id', id, 'error', last_error) ORDER BY failed_at DESC) FILTER (WHERE failed_at IS NOT NULL), '[]') AS dead
       FROM ${name('outbox')} WHERE next_attempt_at < 'infinity'`
    )
    return rows[0]!
  }

  return {
    deletions: createReadDeletions(client, schema),
    sealed: createSealedStore(client, schema), outbox, server, clockAhead, hasTables, extras, keys, clients, longestTokenTtl
  }
}

export type Inspection = ReturnType<typeof createInspection>
