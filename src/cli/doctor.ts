import { resolve } from 'node:path'
import type { Client } from 'pg'
import { createInspection, type Inspection } from '../maintenance/doctor/inspection.store.ts'
import { feedChannel, openFeedConnection } from '../revocation/feed-connection.store.ts'
import { deriveKeys, readAppKey } from '../crypto/app-key.ts'
import { SIGNING_KEYS } from '../keys/key-ring.ts'
import { ConfigError } from '../config/config-error.ts'
import type { Config } from '../config/config.ts'
import { isDevelopment } from '../config/environment.ts'
import { parseDatabaseUrl } from '../database/connection.ts'
import { readHistory } from '../database/migration-history.ts'
import { migrationNames, shippedMigrations } from '../database/migrations-directory.ts'
import { hasNoDatabase } from '../database/embedded/site.ts'
import { checkUrls, embeddedOrUrl, type DatabaseSource } from '../database/source.ts'
import { withClient } from '../database/with-client.ts'
import { ok, type Check } from '../maintenance/doctor/check.ts'
import { checkClients } from '../maintenance/doctor/clients.ts'
import { checkClock } from '../maintenance/doctor/clock.ts'
import { checkConfiguration, misconfiguration } from '../maintenance/doctor/configuration.ts'
import { checkDatabase, unreachable } from '../maintenance/doctor/database.ts'
import { checkDeletions } from '../maintenance/doctor/deletions.ts'
import { checkExposure } from '../maintenance/doctor/exposure.ts'
import { checkFeed } from '../maintenance/doctor/feed.ts'
import { checkKeys } from '../maintenance/doctor/keys.ts'
import { checkMail, checkOutbox } from '../maintenance/doctor/mail.ts'
import { checkExtras, checkMigrations, type MigrationFacts } from '../maintenance/doctor/migrations.ts'
import { checkPasswords } from '../maintenance/doctor/passwords.ts'
import { checkSchema } from '../maintenance/doctor/schema.ts'
import { checkSealed } from '../maintenance/doctor/sealed.ts'
import { checkSocial } from '../maintenance/doctor/social.ts'
import { countSealed } from '../maintenance/sealed.ts'
import type { Context } from './context.ts'
import type { Result } from './result.ts'

const LOOK_UP_MS = 2000

export type DoctorArgs = { strict?: boolean }

/** Looks for problems, and changes nothing. */
export async function doctor (context: Context, { strict = false }: DoctorArgs): Promise<Result> {
  try {
    checkUrls(context.config)
  } catch (error) {
    return misconfigured(error)
  }
  const { config } = context
  const settings = [
    ...checkConfiguration(config), ...checkExposure(config), ...await checkPasswords(config), ...await mailChecks(config),
    ...await checkSocial(config)
  ]
  return report([...settings, ...await databaseChecks(context)], strict)
}

/** The report when the configuration cannot be used. */
export function misconfigured (error: unknown): Result {
  if (error instanceof ConfigError) return report(misconfiguration(error), false)
  throw error
}

async function databaseChecks (context: Context): Promise<Check[]> {
  const { config, log, options } = context
  try {
    if (!config.databaseUrl && await hasNoDatabase(config.dataDir)) {
      return [ok('database', `the embedded one in ${resolve(config.dataDir)}, not created yet; the first start creates it`)]
    }
    const source = await embeddedOrUrl(config, log, { ownMigrations: options.prisma !== undefined, embedded: context.embedded() })
    return await inspect(context, source).finally(source.stop)
  } catch (error) {
    return error instanceof ConfigError ? misconfiguration(error) : [unreachable(error)]
  }
}

async function inspect ({ config, options }: Context, source: DatabaseSource): Promise<Check[]> {
  const { url, chosen } = source
  const database = parseDatabaseUrl(url)
  return await withClient(database, async (client) => {
    const inspection = createInspection(client, database.schema)
    const checks = [
      ...checkDatabase(config, url, await inspection.server()),
      checkSchema(chosen),
      checkClock(await inspection.clockAhead())
    ]
    const hasTables = await inspection.hasTables()
    const { applied, failed } = await readHistory(client, database.schema)
    const names = await migrationNames(shippedMigrations)
    const facts: MigrationFacts = {
      pending: names.filter((name) => !applied.has(name)),
      failed: failed.filter((name) => names.includes(name)),
      unknown: names.some((name) => applied.has(name)) ? [...applied].filter((name) => !names.includes(name)) : []
    }
    // Tables without any of our migrations are migrated by the host
    const isHosts = options.prisma !== undefined || (hasTables && facts.pending.length === names.length)
    checks.push(checkMigrations(isHosts ? null : facts))
    if (!hasTables || (!isHosts && facts.pending.length > 0)) return checks
    return [...checks, ...await tableChecks(config, inspection, database.schema), await feedCheck(config, source, client)]
  })
}

async function tableChecks (config: Config, inspection: Inspection, schema: string): Promise<Check[]> {
  const longestTokenTtl = await inspection.longestTokenTtl() ?? config.accessTokenTtl
  const appKeys = await appKeysOf(config)
  return [
    ...checkExtras(await inspection.extras(), schema),
    ...checkKeys(await inspection.keys(), appKeys && deriveKeys(appKeys, SIGNING_KEYS), config.keyRotation),
    ...(appKeys ? checkSealed(await countSealed(inspection.sealed, appKeys)) : []),
    ...checkDeletions(await inspection.deletions(), config),
    checkOutbox(await inspection.outbox(), config.mail.url !== undefined || config.mail.send !== undefined),
    ...checkClients(await inspection.clients(), Math.max(longestTokenTtl, config.accessTokenTtl))
  ]
}

async function appKeysOf ({ appKey, appPreviousKeys, dataDir }: Config): Promise<string[] | null> {
  const current = appKey ?? await readAppKey(dataDir)
  return current === undefined ? null : [current, ...appPreviousKeys]
}

async function mailChecks (config: Config): Promise<Check[]> {
  const { mail: { url } } = config
  const lookUp = async (name: string) => {
    const { Resolver } = await import('node:dns/promises')
    const texts = await new Resolver({ timeout: LOOK_UP_MS, tries: 1 }).resolveTxt(name).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOTFOUND' || error.code === 'ENODATA') return null
      throw error
    })
    return texts && texts.map((parts) => parts.join(''))
  }
  return await checkMail(config, { verify: async () => await (await import('../mail/smtp.ts')).createSmtp(url!).verify(), lookUp, isShown: isDevelopment(config) })
}

async function feedCheck ({ databaseDirectUrl }: Config, { chosen, directUrl }: DatabaseSource, client: Client): Promise<Check> {
  const channel = feedChannel(chosen.schema)
  return await checkFeed({
    direct: databaseDirectUrl !== undefined,
    listen: (onNotification) => openFeedConnection(directUrl, onNotification),
    notify: async () => { await client.query(`NOTIFY ${channel}`) }
  })
}

function report (checks: Check[], strict: boolean): Result {
  const failed = checks.some(({ status }) => status === 'fail' || (strict && status === 'warn'))
  const width = Math.max(...checks.map(({ name }) => name.length))
  return {
    json: { ok: !failed, checks },
    lines: checks.map(({ name, status, message, fix }) =>
      `${status.padEnd(4)}  ${name.padEnd(width)}  ${message}${fix ? ` → ${fix}` : ''}`
    ),
    exitCode: failed ? 1 : 0
  }
}
