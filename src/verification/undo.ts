import { originOf, type Events } from '../events/events.ts'
import type { Caller } from '../oauth/ports.ts'
import type { UndoneChange } from '../users/identifier-change.ts'
import type { Users } from '../users/ports.ts'
import type { ChangeNotices } from './change-notices.ts'
import { BY_MAIL, type OneTimeTokens } from './one-time-tokens.ts'
import type { OneTimeToken } from './ports.ts'
import type { Preferences } from './recipient.ts'

type Request = { token: string, caller: Caller, preferences: Preferences }

export type Undo = {
  /** The token of a link, if it is valid; nothing changes. */
  find: (token: string) => Promise<OneTimeToken | null>
  /**
   * Undoes the change that the link is for, and all later ones of the user.
   * @returns null for anything that is wrong with the token
   */
  undo: (request: Request) => Promise<Undone | null>
}

export type Undone = UndoneChange & {
  /** A token with which its holder, who has proven the mailbox, sets a new password. Null when the user can no longer log in. */
  resetToken: string | null
}

type Dependencies = {
  tokens: Pick<OneTimeTokens, 'find' | 'issue'>
  users: Pick<Users, 'undoChange'>
  notices: Pick<ChangeNotices, 'prepareUndone'>
  events: Pick<Events, 'emit'>
}

export function createUndo ({ tokens, users, notices, events }: Dependencies): Undo {
  const find: Undo['find'] = (token) => tokens.find(token, 'undo')

  const undo: Undo['undo'] = async ({ token, caller, preferences }) => {
    const found = await find(token)
    if (!found?.userId) return null
    const undone = await users.undoChange(found.hash, await notices.prepareUndone({ userId: found.userId, caller, preferences }, found))
    if (!undone) return null
    const { userId, attribute, value, restored, clients } = undone
    events.emit('identifier.change_undone', { userId, attribute, restored: restored.map((one) => one.attribute), ...originOf(caller) })
    for (const clientId of clients) events.emit('client.revoked', { clientId, userId, ...originOf(caller) })
    const identifier = found.payload['proves'] === true && value !== null ? { attribute, value } : null
    // The link came by mail, whatever it undoes
    const reset = await tokens.issue({ purpose: 'reset', userId, identifier, payload: BY_MAIL })
    return { ...undone, resetToken: reset?.token ?? null }
  }

  return { find, undo }
}
