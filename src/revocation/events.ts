import type { Feed } from './feed.ts'
import type { Revocation, RevocationList } from './revocation-list.ts'

const HEARTBEAT_MS = 2000

/** Writes server-sent events (WHATWG HTML section 9.2): all that is revoked, then what is new, and how old the knowledge is. @returns stop */
export function followEvents ({ revocations, feed }: { revocations: RevocationList, feed: Feed }, write: (text: string) => void): () => void {
  const send = (event: string, data: object) => write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
  const heartbeat = () => send('heartbeat', { age: feed.age() })
  const unsubscribe = revocations.subscribe((rows: Revocation[]) => send('revocations', rows))
  send('snapshot', revocations.rows())
  heartbeat()
  const timer = setInterval(heartbeat, HEARTBEAT_MS)
  return () => {
    clearInterval(timer)
    unsubscribe()
  }
}
