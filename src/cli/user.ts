import { validate as isUuid } from 'uuid'
import { userBody } from '../schemas/account.ts'
import { createAttributes } from '../users/attributes.ts'
import { createPasswordPolicy } from '../passwords/policy.ts'
import { createPasswords } from '../passwords/hashing.ts'
import type { Profile } from '../users/ports.ts'
import { createOwnUsers } from '../users/own-users.ts'
import { createRegister } from '../users/register.ts'
import { errorSentence } from '../views/texts/field-errors.ts'
import type { Context } from './context.ts'
import { findUser, noSuchUser } from './find-user.ts'
import { BY_OPERATOR } from './operator.ts'
import { readPassword, type PasswordArgs } from './password-input.ts'
import { table, type Result } from './result.ts'

/** Each configured attribute has an option of its own in addition. */
export type NewUserArgs = PasswordArgs & { name?: string, attribute?: string[], [attribute: string]: unknown }

/** Registers a user by the rules of POST /v1/register. */
export async function createUser ({ config, withCore }: Context, args: NewUserArgs): Promise<Result> {
  const fields = loginFields(Object.keys(config.login.attributes), args)
  const password = await readPassword(args)
  const attributes = await createAttributes(config.login)
  const passwords = await createPasswords(config.passwords)
  const { user, errors = {} } = await withCore(async ({ store }) => {
    const users = createOwnUsers({ store: store.users, passwords })
    const register = createRegister({ attributes, users, passwordPolicy: createPasswordPolicy(config.passwords) })
    const registration = await register({ ...fields, password, ...(args.name !== undefined && { name: args.name }) })
    if (registration.user) await store.audit.write([{ type: 'user.registered', userId: registration.user.id, detail: BY_OPERATOR }])
    return registration
  })
  if (!user) throw new Error(errorSentence(errors))
  return { json: userJson(user), lines: ['User created successfully.', `User ID: ${user.id}`] }
}

/** Users in order of registration, page by page. */
export async function listUsers ({ withCore }: Context, { limit = 100, after }: { limit?: number, after?: string }): Promise<Result> {
  if (after !== undefined && !isUuid(after)) throw new Error(`--after ${after} is not the id of a user`)
  const found = await withCore(({ store }) => store.users.list({ after, limit: limit + 1 }))
  const users = found.slice(0, limit)
  const next = found.length > limit ? users.at(-1)!.id : null
  return {
    json: { users: users.map(userJson), next },
    lines: [
      ...table(['ID', 'NAME', 'SIGNS IN WITH', 'STATE'], users.map(({ id, name, identifiers, disabledAt }) =>
        [id, name ?? '-', identifiers.map(({ display }) => display).join(', '), disabledAt ? 'disabled' : 'active'])),
      ...(next ? [`More: latchkey user list --after ${next}`] : [])
    ]
  }
}

/** Ends the user's sessions in every process, and prevents logins until the user is enabled again. */
export const disableUser = async (context: Context, user: string): Promise<Result> => await setDisabled(context, user, true)

export const enableUser = async (context: Context, user: string): Promise<Result> => await setDisabled(context, user, false)

async function setDisabled ({ config, withCore }: Context, text: string, disabled: boolean): Promise<Result> {
  return await withCore(async ({ store }) => {
    const id = await findUser(config, store, text)
    if (!await store.users.setDisabled(id, disabled)) throw noSuchUser(text)
    await store.audit.write([{ type: disabled ? 'user.disabled' : 'user.enabled', userId: id, detail: BY_OPERATOR }])
    return describe((await store.users.profile(id))!, disabled)
  })
}

function describe (user: Profile, disabled: boolean): Result {
  return {
    json: userJson(user),
    lines: [disabled ? `User ${user.id} is disabled and logged out everywhere.` : `User ${user.id} is enabled.`]
  }
}

function userJson (user: Profile): object {
  return { ...userBody(user), disabled_at: user.disabledAt?.toISOString() ?? null }
}

function loginFields (names: string[], args: NewUserArgs): Record<string, string> {
  const own = names.flatMap((name) => typeof args[name] === 'string' ? [[name, args[name]] as const] : [])
  const fields = Object.fromEntries([...own, ...(args.attribute ?? []).map((text) => pair(names, text))])
  if (Object.keys(fields).length === 0) {
    throw new Error(`a user needs something to sign in with: give ${names.map((name) => `--${name}`).join(' or ')}`)
  }
  return fields
}

function pair (names: string[], text: string): [string, string] {
  const [name = '', ...value] = text.split('=')
  if (value.length === 0) throw new Error(`--attribute ${text} must be name=value`)
  if (!names.includes(name)) throw new Error(`there is no login attribute ${name}; LOGIN_ATTRIBUTES has ${names.join(', ')}`)
  return [name, value.join('=')]
}
