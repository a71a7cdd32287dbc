import type { FeedNews } from './feed.ts'
import type { Observation } from './freshness.ts'
import type { RevocationList } from './revocation-list.ts'

export type FeedReader = {
  /** Where the next poll continues; null to read everything. */
  cursor: () => string | null
  /** The next poll reads everything. */
  restart: () => void
  /** @returns false when nothing was applied, because everything has to be read at once */
  take: (news: FeedNews, observation: Observation) => boolean
  /** The latest time at which the list was known to be complete. */
  knownAt: () => number
}

/**
 * Applies poll results to the list. A cursor is meaningless for the transaction ids of another server, so a change of server means a full
 * load. Revocations are only added until that server has proven to be the primary: an old one may lack some, which would then be lifted.
 */
export function createReader (list: RevocationList, log: { info: (details: object, message: string) => void }): FeedReader {
  let cursor: string | null = null
  let hasLoaded = false
  let isDoubted = false
  let provenAt: number | null = null
  let knownAt = -Infinity

  function change (): void {
    isDoubted = hasLoaded
    provenAt = null
    if (hasLoaded) log.info({}, 'The feed is connected to another database server, or to a restarted one: all revocations are read again')
  }

  function take (news: FeedNews, observation: Observation): boolean {
    if (observation.isOther) change()
    provenAt = observation.provenAt ?? provenAt
    const isAll = cursor === null
    const mayReplace = !isDoubted || provenAt !== null
    if (!isAll && (observation.isOther || (isDoubted && mayReplace))) {
      cursor = null
      return false
    }
    if (isAll && mayReplace) {
      list.reload(news.rows)
      isDoubted = false
    } else {
      list.apply(news.rows)
    }
    cursor = news.cursor
    hasLoaded = true
    if (provenAt !== null) knownAt = provenAt
    return true
  }

  return { cursor: () => cursor, restart: () => { cursor = null }, take, knownAt: () => knownAt }
}
