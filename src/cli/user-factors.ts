import { factorsOf } from '../compose/factors.ts'
import { passkeysOf } from '../compose/passkeys.ts'
import type { Core } from '../compose/core.ts'
import { createEvents } from '../events/events.ts'
import type { Factors } from '../factors/factors.ts'
import type { Passkeys } from '../passkeys/passkeys.ts'
import { createAttributes } from '../users/attributes.ts'
import type { Context } from './context.ts'
import { findUser } from './find-user.ts'
import { BY_OPERATOR } from './operator.ts'
import { table, type Result } from './result.ts'

/** The second factors and passkeys of a user, and how many recovery codes are left. */
export async function listFactors ({ config, withCore }: Context, text: string): Promise<Result> {
  return await withCore(async (core) => {
    const userId = await findUser(config, core.store, text)
    const { factors: services, passkeys: keys } = await partsFor(core)
    const { factors: found, recoveryCodes } = await services.list(userId)
    const factors = [...found, ...(await keys.list(userId)).map((each) => ({ ...each, kind: 'passkey' }))]
    return {
      json: {
        user_id: userId,
        recovery_codes_left: recoveryCodes,
        factors: factors.map(({ id, kind, name, createdAt, lastUsedAt }) => ({
          id, kind, name, created_at: createdAt.toISOString(), last_used_at: lastUsedAt?.toISOString() ?? null
        }))
      },
      lines: [
        ...table(['ID', 'KIND', 'NAME', 'LAST USED'], factors.map(({ id, kind, name, lastUsedAt }) =>
          [id, kind, name ?? '-', lastUsedAt?.toISOString() ?? '-'])),
        `Recovery codes left: ${recoveryCodes}`
      ]
    }
  })
}

/** The way back for somebody who has lost all of them: the password alone logs in again. Every session ends, and the user is told. */
export async function resetFactors ({ config, withCore }: Context, text: string): Promise<Result> {
  return await withCore(async (core) => {
    const userId = await findUser(config, core.store, text)
    const removed = await (await partsFor(core)).factors.reset(userId)
    await core.store.audit.write(removed.map((factor) => ({ type: 'factor.removed', userId, detail: { ...BY_OPERATOR, factor } })))
    const lines = removed.length > 0
      ? [`The second factors of user ${userId} are removed (${removed.join(', ')}), and every session has ended.`]
      : [`User ${userId} has no second factor.`]
    return { json: { user_id: userId, removed }, lines }
  })
}

async function partsFor (core: Core): Promise<{ factors: Factors, passkeys: Passkeys }> {
  const attributes = await createAttributes(core.config.login)
  const parts = { ...core, attributes, users: core.store.users, events: createEvents(() => {}) }
  return { factors: factorsOf(parts), passkeys: passkeysOf(parts) }
}
