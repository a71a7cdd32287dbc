import type { FastifyInstance } from 'fastify'
import { createAttributes } from '../users/attributes.ts'
import { createPasswordPolicy } from '../passwords/policy.ts'
import { createPasswords } from '../passwords/hashing.ts'
import { createOwnUsers } from '../users/own-users.ts'
import { createRegister } from '../users/register.ts'
import { errorSentence } from '../views/texts/field-errors.ts'
import { internals } from '../../plugins/internals.ts'

export type TestUser = { id: string, password: string }

/** The password of a test user by default. */
const PASSWORD = 'correct horse battery staple'

/**
 * Creates a user by the rules of `POST /v1/register`, whether registration is open or not.
 * @param fields login attributes, `name` and `password`
 * @throws TypeError for invalid fields
 * @example
 * const ada = await createUser(app, { email: 'ada@example.com' })
 */
export async function createUser (app: FastifyInstance, fields: Record<string, string>): Promise<TestUser> {
  const { config, store } = internals(app)
  const attributes = await createAttributes(config.login)
  const passwords = await createPasswords(config.passwords)
  const users = createOwnUsers({ store: store.users, passwords })
  const register = createRegister({ attributes, users, passwordPolicy: createPasswordPolicy(config.passwords) })
  const { user, errors = {} } = await register({ password: PASSWORD, ...fields })
  if (!user) throw new TypeError(errorSentence(errors))
  return { id: user.id, password: fields['password'] ?? PASSWORD }
}
