import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ShownOnce } from './shown-once.ts'

/** What the page says after a form, by the keys of their texts. */
const NOTICES = ['sessionEnded', 'othersEnded', 'appEnded', 'tokenEnded', 'goneAlready', 'passwordChanged', 'profileSaved', 'changePending',
  'changeConfirmed', 'changeSent', 'changeCanceled', 'restored', 'identityLinked', 'identityUnlinked', 'identityOwn', 'identityTaken',
  'identityElsewhere', 'identityLast', 'identityFailed'] as const
export type Notice = typeof NOTICES[number]

/** Messages that are shown once, after the redirect that follows a form. They are sealed, so that no link can make a page say something. */
export type Notices = {
  /** @param path of the page that shows it, to `userId` only */
  keep: (reply: FastifyReply, path: string, userId: string, notice: Notice) => void
  take: (request: FastifyRequest, reply: FastifyReply, path: string, userId: string) => Notice | undefined
}

export function createNotices (shownOnce: ShownOnce): Notices {
  return {
    keep: shownOnce.keep,
    take: (...asked) => {
      const text = shownOnce.take(...asked)
      return NOTICES.find((notice) => notice === text)
    }
  }
}
