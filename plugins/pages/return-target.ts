import { unpackParams } from '../../src/http/packed-query.ts'
import type { Authorize } from '../../src/oauth/authorize/authorize.ts'
import type { Config } from '../../src/config/config.ts'
import type { Params } from '../../src/oauth/authorize/request.ts'
import { ACCOUNT } from './account-paths.ts'
import { AUTHORIZE, REQUEST } from './answer.ts'
import { DEVICE } from './device.ts'
import type { Kit } from './kit.ts'

/** The application that a login is for, and whether its redirects may end on another site. */
export type ReturnTarget = { app?: string, leaves: boolean }

export type FindReturnTarget = (returnTo: string | null) => Promise<ReturnTarget>

/**
 * A login returns to where it was requested, in one chain of redirects after the form: to an application, a page of ours, or a page of the
 * host, which may redirect anywhere.
 */
export function createFindReturnTarget (
  { link }: Pick<Kit, 'link'>,
  { peek }: Pick<Authorize, 'peek'>,
  { homePath }: Pick<Config, 'homePath'>
): FindReturnTarget {
  return async (returnTo) => {
    const path = (returnTo ?? homePath).split('?')[0]!
    const params = queryOf(returnTo ?? homePath, link(AUTHORIZE))
    if (!params) return { leaves: path !== link(ACCOUNT) && !path.startsWith(`${link(ACCOUNT)}/`) && path !== link(DEVICE) }
    const known = await peek(params)
    return { ...(known?.clientName && { app: known.clientName }), leaves: known !== null }
  }
}

/** The parameters of an address if it has the given path, else null. A repeated parameter becomes an array. */
export function queryOf (address: string | null, path: string): Params | null {
  const [given, query] = (address ?? '').split(/\?(.*)/s)
  if (given !== path) return null
  const lists = new Map<string, string[]>()
  for (const [name, value] of new URLSearchParams(query)) {
    const before = lists.get(name)
    if (before) before.push(value)
    else lists.set(name, [value])
  }
  return unpacked(Object.fromEntries([...lists].map(([name, values]) => [name, values.length === 1 ? values[0] : values])))
}

function unpacked (params: Params): Params | null {
  try {
    return unpackParams(params, REQUEST)
  } catch {
    return null
  }
}
