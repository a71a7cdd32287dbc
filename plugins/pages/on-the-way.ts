import type { Authorize } from '../../src/oauth/authorize.ts'
import type { Config } from '../../src/config.ts'
import { ACCOUNT } from './account.ts'
import { AUTHORIZE } from './answer.ts'
import { DEVICE } from './device.ts'
import type { Kit } from './kit.ts'

/** Which application a login is for, and whether its redirects may end on another site. */
export type OnTheWay = { app?: string, leaves: boolean }

export type FindWay = (returnTo: string | null) => Promise<OnTheWay>

/** A login ends where it was asked for, in one chain of redirects after the form: at an application, at a page of ours, or at one of the host, which may lead anywhere. */
export function createFindWay ({ link }: Pick<Kit, 'link'>, { peek }: Pick<Authorize, 'peek'>, { homePath }: Pick<Config, 'homePath'>): FindWay {
  return async (returnTo) => {
    const [path, query] = (returnTo ?? homePath).split(/\?(.*)/s)
    if (path !== link(AUTHORIZE)) return { leaves: path !== link(ACCOUNT) && path !== link(DEVICE) }
    const known = await peek(Object.fromEntries(new URLSearchParams(query)))
    return { ...(known?.clientName && { app: known.clientName }), leaves: known !== null }
  }
}
