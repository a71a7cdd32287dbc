import type { KeyRing } from '../keys/key-ring.ts'
import type { Context } from './context.ts'
import { BY_OPERATOR } from './operator.ts'
import { table, type Result } from './result.ts'

/** The keys that sign, will sign, or have signed what may still be valid. */
export async function listKeys ({ withCore }: Context): Promise<Result> {
  return await withCore(async ({ keys }) => ({ json: { keys: keysJson(keys) }, lines: keyTable(keys) }))
}

/** Creates a new key of each algorithm, which signs once every cache of the JWKS has it, or immediately. */
export async function rotateKeys ({ withCore }: Context, { now = false }: { now?: boolean } = {}): Promise<Result> {
  return await withCore(async ({ keys, store }) => {
    const made = await keys.rotate(now)
    await store.audit.write([{ type: 'key.rotated', detail: { ...BY_OPERATOR, made } }])
    return { json: { made, keys: keysJson(keys) }, lines: [...made.map((kid) => `New key ${kid}`), ...keyTable(keys)] }
  })
}

/** Seals again, under the current APP_KEY, everything that an earlier one has sealed. */
export async function resealKeys ({ withCore }: Context): Promise<Result> {
  return await withCore(async ({ appKeys, database, store }) => {
    const [{ reseal }, { createSealedStore }] = await Promise.all([import('../maintenance/sealed.ts'), import('../maintenance/sealed.store.ts')])
    const tables = await reseal(createSealedStore(database.pool, database.schema), appKeys)
    const resealed = tables.reduce((sum, { previous }) => sum + previous, 0)
    if (resealed > 0) await store.audit.write([{ type: 'key.resealed', detail: { ...BY_OPERATOR, tables } }])
    return {
      json: { tables: tables.map(({ table, current, previous, unopened }) => ({ table, current, resealed: previous, unopened })) },
      lines: [
        ...table(['TABLE', 'UNCHANGED', 'SEALED AGAIN', 'NOT OPENED'],
          tables.map(({ table, current, previous, unopened }) => [table, String(current), String(previous), String(unopened)])),
        ...(tables.some(({ unopened }) => unopened > 0) ? ['What no key opens stays as it is; add the key that sealed it to APP_PREVIOUS_KEYS'] : [])
      ]
    }
  })
}

/** Revokes a key: tokens signed with it are refused at once in every process, and a new key replaces it. */
export async function revokeKey ({ withCore }: Context, kid: string): Promise<Result> {
  return await withCore(async ({ keys, store }) => {
    const known = await store.keys.list()
    if (!known.some((key) => key.kid === kid) && !await store.keys.find(kid)) {
      throw new Error(`There is no key ${kid}; \`npx latchkey keys\` lists them`)
    }
    const revoked = await keys.revoke(kid)
    if (revoked) await store.audit.write([{ type: 'key.revoked', detail: { ...BY_OPERATOR, kid } }])
    const said = revoked ? `Key ${kid} is revoked, and so is every token signed with it.` : `Key ${kid} was revoked before.`
    return { json: { kid, revoked: true, keys: keysJson(keys) }, lines: [said, ...keyTable(keys)] }
  })
}

export function keysJson (keys: KeyRing) {
  return keys.list().map(({ kid, alg, state, createdAt, signsFrom, signsUntil }) => ({
    kid,
    alg,
    state,
    created_at: createdAt.toISOString(),
    signs_from: signsFrom.toISOString(),
    signs_until: signsUntil?.toISOString() ?? null
  }))
}

function keyTable (keys: KeyRing): string[] {
  return table(['KID', 'ALG', 'STATE', 'SIGNS FROM', 'SIGNS UNTIL'], keysJson(keys).map((key) =>
    [key.kid, key.alg, key.state, key.signs_from, key.signs_until ?? '-']))
}
