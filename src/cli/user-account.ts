import { userBody } from '../schemas/account.ts'
import { removeUserOf } from '../compose/removal.ts'
import { createPasswordPolicy } from '../passwords/policy.ts'
import { createPasswords } from '../passwords/hashing.ts'
import { createNotices } from '../compose/notices.ts'
import { createAttributes } from '../users/attributes.ts'
import { createOwnUsers } from '../users/own-users.ts'
import { createSetPassword } from '../users/set-password.ts'
import { errorSentence } from '../views/texts/field-errors.ts'
import type { Context } from './context.ts'
import { findUser, noSuchUser } from './find-user.ts'
import { BY_OPERATOR } from './operator.ts'
import { readPassword, type PasswordArgs } from './password-input.ts'
import { describe, type Result } from './result.ts'

// Beyond this, a count is reported as "at least"
const MANY = 1000
const FOREIGN_KEY = '23503'

/** Everything about a user except the password. */
export async function showUser ({ config, withCore }: Context, text: string): Promise<Result> {
  const json = await withCore(async ({ store }) => {
    const id = await findUser(config, store, text)
    const idle = { session: config.refreshTokenTtl, browser: config.browserIdleTtl }
    const [profile, account, access, tokens, clients] = await Promise.all([
      store.users.profile(id),
      store.users.find(id),
      store.access.list({ userId: id, limit: MANY }, idle),
      store.personalTokens.list(id),
      store.clients.listOwned(id)
    ])
    if (!profile || !account) throw noSuchUser(text)
    return {
      ...userBody(profile),
      disabled_at: profile.disabledAt?.toISOString() ?? null,
      verified: profile.identifiers.filter(({ verifiedAt }) => verifiedAt !== null).map(({ attribute }) => attribute),
      has_password: account.passwordHash !== null,
      sessions: access.length,
      personal_access_tokens: tokens.length,
      clients: clients.map((client) => client.id)
    }
  })
  return { json, lines: describe(json) }
}

/** Sets a password by the rules of the server; every session and personal access token ends. */
export async function setPassword ({ config, withCore }: Context, text: string, args: PasswordArgs): Promise<Result> {
  const password = await readPassword(args)
  const passwords = await createPasswords(config.passwords)
  const id = await withCore(async (core) => {
    const { store } = core
    const userId = await findUser(config, store, text)
    const users = createOwnUsers({ store: store.users, passwords })
    const { passwordChanged } = createNotices({ ...core, attributes: await createAttributes(config.login), users })
    const set = createSetPassword({ users, passwordPolicy: createPasswordPolicy(config.passwords), passwordChanged, outbox: store.outbox })
    const weaknesses = await set(userId, password)
    if (weaknesses === null) throw new Error(`The user ${text} is disabled; \`npx latchkey user enable\` lets them log in again`)
    if (weaknesses.length > 0) throw new Error(errorSentence({ password: weaknesses }))
    await store.audit.write([{ type: 'password.changed', userId, detail: BY_OPERATOR }])
    return userId
  })
  return { json: { id, password_changed: true }, lines: [`User ${id} has a new password, and is logged out everywhere.`] }
}

/**
 * Deletes a user with everything that belongs to them; tokens are refused at once, in every process. Nobody registers with their
 * identifiers for 30 days; `user create` can.
 */
export async function deleteUser ({ config, withCore }: Context, text: string): Promise<Result> {
  const id = await withCore(async (core) => {
    const userId = await findUser(config, core.store, text)
    if (!await removeUserOf(core)(userId, { detail: BY_OPERATOR }).catch(refused)) throw noSuchUser(text)
    return userId
  })
  return { json: { id, deleted: true }, lines: [`User ${id} is deleted, and all that was theirs.`] }
}

/** A host's tables may reference ours. */
function refused (error: unknown): never {
  const { code, table, constraint } = error as { code?: string, table?: string, constraint?: string }
  if (code !== FOREIGN_KEY) throw error
  throw new Error(`The user cannot be deleted: the table ${table} refers to it (${constraint}); delete its rows first`, {
    cause: error
  })
}
