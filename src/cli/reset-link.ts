import { deriveKeys } from '../crypto/app-key.ts'
import { createLinks } from '../verification/links.ts'
import { CODE_KEYS, createOneTimeTokens, TOKEN_TTL } from '../verification/one-time-tokens.ts'
import type { Context } from './context.ts'
import { findUser } from './find-user.ts'
import { BY_OPERATOR } from './operator.ts'
import type { Result } from './result.ts'

/** A link for a user whom no mail reaches. It proves no address, and replaces one that was sent. */
export async function createResetLink ({ config, withCore }: Context, text: string): Promise<Result> {
  if (!config.routes.pages) throw new Error('The link leads to a page, and routes.pages is off')
  const { id, url } = await withCore(async ({ store, appKeys }) => {
    const userId = await findUser(config, store, text)
    const tokens = createOneTimeTokens({ store: store.oneTimeTokens, keys: deriveKeys(appKeys, CODE_KEYS) })
    const issued = await tokens.issue({ purpose: 'reset', userId, identifier: null })
    if (!issued) throw new Error(`The user ${text} is disabled; \`npx latchkey user enable\` lets them log in again`)
    await store.audit.write([{ type: 'password.reset_link', userId, detail: BY_OPERATOR }])
    return { id: userId, url: createLinks(config).own.reset({ userId, token: issued.token, address: '' }) }
  })
  return {
    json: { id, url, expires_in: TOKEN_TTL.reset },
    lines: [`Give this link to the user alone. It works once, within ${TOKEN_TTL.reset / 60} minutes:`, url]
  }
}
