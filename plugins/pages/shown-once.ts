import type { FastifyReply, FastifyRequest } from 'fastify'
import { deriveKeys } from '../../src/crypto/app-key.ts'
import { seal, unseal } from '../../src/crypto/seal.ts'
import type { Services } from '../../src/compose/services.ts'
import { cookiesNamed, setCookie } from '../../src/http/cookies.ts'
import type { Kit } from './kit.ts'

/**
 * Carries a value from the form that created it to the page after the redirect, which shows it once. It is stored in no address, database
 * or process memory.
 */
export type ShownOnce = {
  /** @param path of the page that shows the value, to `userId` only */
  keep: (reply: FastifyReply, path: string, userId: string, text: string) => void
  /** @returns the value, which is deleted by reading; null when there is none */
  take: (request: FastifyRequest, reply: FastifyReply, path: string, userId: string) => string | null
}

/** For a page that is shown to somebody who is not logged in. */
export const NOBODY = ''

/** Lifetime in seconds, enough for a slow connection. */
const KEPT = 300

/** Keeps the value in a sealed cookie that is sent to that page only. */
export function createShownOnce (
  { link }: Pick<Kit, 'link'>,
  { appKeys, clock, config: { appUrl } }: Pick<Services, 'appKeys' | 'clock' | 'config'>
): ShownOnce {
  const keys = deriveKeys(appKeys, 'shown-once')
  const secure = appUrl.startsWith('https:')
  const cookie = secure ? '__Secure-latchkey-once' : 'latchkey-once'
  const contextOf = (path: string, userId: string) => JSON.stringify([path, userId])
  const set = (reply: FastifyReply, path: string, value: string, maxAge: number) =>
    setCookie(reply, cookie, value, { path: link(path), httpOnly: true, sameSite: 'lax', secure, maxAge })

  return {
    keep (reply, path, userId, text) {
      const until = clock.now() + KEPT * 1000
      set(reply, path, Buffer.from(seal(keys[0]!, JSON.stringify([until, text]), contextOf(path, userId))).toString('base64url'), KEPT)
    },

    take ({ headers }, reply, path, userId) {
      const values = cookiesNamed(headers.cookie, cookie)
      if (values.length > 0) set(reply, path, '', 0)
      for (const value of values) {
        const opened = unseal(keys, Buffer.from(value, 'base64url'), contextOf(path, userId))
        const [until, text] = opened ? JSON.parse(opened.text) as [number, string] : [0, '']
        if (until > clock.now()) return text
      }
      return null
    }
  }
}
