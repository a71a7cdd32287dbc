import { validate as isUuid } from 'uuid'
import type { Config } from '../config/config.ts'
import type { Core } from '../compose/core.ts'
import { candidatesFor, createAttributes } from '../users/attributes.ts'

/** The id of a user, found by id or by a login identifier. */
export async function findUser ({ login }: Pick<Config, 'login'>, { users }: Core['store'], text: string): Promise<string> {
  const account = isUuid(text) ? await users.find(text) : await users.findByIdentifiers(candidatesFor(await createAttributes(login), text))
  if (!account) throw noSuchUser(text)
  return account.id
}

export function noSuchUser (text: string): Error {
  return new Error(`There is no user ${text}; \`npx latchkey user list\` lists them`)
}
