import type { FeedNews } from './feed.ts'
import type { Observation } from './freshness.ts'
import type { RevocationList } from './revocation-list.ts'

export type FeedReader = {
  /** Where the next poll goes on; null for everything. */
  cursor: () => string | null
  /** Everything is to be read again. */
  restart: () => void
  /** @returns false when everything has to be read at once, and nothing was taken */
  take: (news: FeedNews, observation: Observation) => boolean
  /** When the list was complete for certain. */
  knownAt: () => number
}

/**
 * Puts what polls bring into the list. A cursor says nothing of the transaction ids of another server, so another one means a full load.
 * What is revoked is only added until that server has proven to be the primary: an old one may know less, and what it does not say would be
 * taken back.
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
    if (hasLoaded) log.info({}, 'Another database server answers, or the same after a start: all revocations are read again')
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
