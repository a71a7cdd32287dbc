import { originOf, type Events } from '../events/events.ts'
import type { FieldErrors } from '../http/field-errors.ts'
import type { Caller } from '../oauth/ports.ts'
import type { Attributes } from './attributes.ts'
import type { VerifyCurrentPassword } from './current-password.ts'
import type { Profile, Users } from './ports.ts'
import { readIdentifiers, readUserName, takenErrors } from './register.ts'

type Request = { userId: string, sessionId: string, body: Record<string, unknown>, caller: Caller }

export type ChangeProfile = (request: Request) => Promise<{ user: Profile, errors?: never } | { errors: FieldErrors, user?: never }>

type Dependencies = {
  attributes: Attributes
  users: Pick<Users, 'findById' | 'taken' | 'changeProfile'>
  verifyCurrent: VerifyCurrentPassword
  events: Events
}

/**
 * Changes the name and login attributes, which are top-level properties of the body; null or an empty string removes one. Login attributes
 * give access to the account, so changing them requires `current_password`.
 * @throws Overloaded, TooManyAttempts
 */
export function createChangeProfile ({ attributes, users, verifyCurrent, events }: Dependencies): ChangeProfile {
  return async ({ userId, sessionId, body, caller }) => {
    const named = attributes.filter(({ name }) => body[name] !== undefined)
    const removed = named.map(({ name }) => name).filter((name) => body[name] === null || body[name] === '')
    const { identifiers, errors } = readIdentifiers(attributes, named.filter(({ name }) => !removed.includes(name)), body)
    const isSensitive = identifiers.length > 0 || removed.length > 0
    const { name, problem } = body['name'] === undefined ? {} : readUserName(body['name'])
    if (problem !== undefined) errors['name'] = [problem]
    const fields = [...(name === undefined ? [] : ['name']), ...identifiers.map(({ attribute }) => attribute), ...removed]
    if (fields.length === 0 && Object.keys(errors).length === 0) {
      errors['body'] = [{ code: 'nothing_to_change', fields: ['name', ...attributes.map((attribute) => attribute.name)] }]
    }
    const user = await users.findById(userId)
    if (isSensitive && body['current_password'] === undefined) errors['current_password'] = ['required']
    if (Object.keys(errors).length > 0) return { errors }
    const password = String(body['current_password'])
    if (!user || (isSensitive && !await verifyCurrent({ userId, sessionId, user, password }))) {
      return { errors: { current_password: ['wrong_password'] } }
    }

    const changed = await users.changeProfile({
      userId, passwordStamp: user.passwordStamp, name, identifiers, removed,
      configured: attributes.map((attribute) => attribute.name)
    })
    if (changed === 'taken') return { errors: takenErrors(await users.taken(identifiers, userId)) }
    if (changed === 'last') {
      return { errors: Object.fromEntries(removed.map((attribute) => [attribute, ['last_identifier']])) }
    }
    if (changed === 'stale') return { errors: { current_password: ['changed_meanwhile'] } }
    events.emit('profile.changed', { userId, fields, ...originOf(caller) })
    return { user: changed }
  }
}
