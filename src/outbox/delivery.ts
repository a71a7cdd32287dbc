import type { Outbox } from './outbox.ts'
import { MAX_ATTEMPTS, retryDelay } from './retry-delay.ts'
import { shownError } from './shown-error.ts'
import { DeliveryError, type ClaimedEntry, type OutboxKind, type OutboxStore, type Transport } from './ports.ts'

/** `refused`: by the server, for good; `attempts`: tried too often; `expired`: the link in it would not have worked any more. */
export type FailureReason = 'refused' | 'attempts' | 'expired'

export type DeliveryEvents = {
  onSent: (entry: ClaimedEntry) => void
  onRetry: (entry: ClaimedEntry, error: string) => void
  onFailed: (entry: ClaimedEntry, reason: FailureReason, error: string) => void
}

/** Each is created when there is first something to send. */
export type Transports = Partial<Record<OutboxKind, () => Promise<Transport>>>

/**
 * Tries once to send an entry, and records the result. When `signal` aborts, the entry is given back.
 * @returns whether the server was reached
 */
export type Deliver = (entry: ClaimedEntry, signal: AbortSignal) => Promise<boolean>

export type DeliveryOptions = {
  store: OutboxStore
  outbox: Pick<Outbox, 'open'>
  transports: Transports
  /** RFC 5322 section 3.6.4; the same in every process. */
  messageId: (id: string) => string
  events: DeliveryEvents
  /** For one attempt. */
  sendMs: number
}

/** Entries that were sent while the database was away; more are sent twice. */
const MAX_SENT = 1000

export function createDeliver ({ store, outbox, transports, messageId, events, sendMs }: DeliveryOptions): Deliver {
  const opened = new Map<OutboxKind, Promise<Transport>>()
  /** Sent, but not deleted yet. */
  const sent = new Set<string>()

  async function deliver (entry: ClaimedEntry, signal: AbortSignal): Promise<boolean> {
    if (sent.has(entry.id)) return await deleteSent(entry)
    if (entry.isExpired) return await giveUp(entry, 'expired', 'expired before it was sent')
    // A message that ends the process would end the next one, too
    if (entry.attempts > MAX_ATTEMPTS) return await giveUp(entry, 'attempts', 'every process that tried to send it has ended')
    try {
      await attempt(entry, signal)
    } catch (error) {
      if (!signal.aborted) return await failed(entry, error)
      await store.release([entry])
      return true
    }
    events.onSent(entry)
    if (sent.size < MAX_SENT) sent.add(entry.id)
    return await deleteSent(entry)
  }

  async function attempt ({ id, kind, sealed }: ClaimedEntry, signal: AbortSignal): Promise<void> {
    const payload = outbox.open({ id, kind, sealed })
    // Written by a process that has a newer key already
    if (payload === null) throw new DeliveryError('sealed under another APP_KEY')
    const transport = await transportOf(kind)
    await within(sendMs, signal, (limited) => transport.send({ id, messageId: messageId(id), payload }, limited))
  }

  function transportOf (kind: OutboxKind): Promise<Transport> {
    const transport = opened.get(kind) ?? transports[kind]!()
    opened.set(kind, transport)
    transport.catch(() => opened.delete(kind))
    return transport
  }

  async function deleteSent ({ id }: ClaimedEntry): Promise<true> {
    await store.sent(id)
    sent.delete(id)
    return true
  }

  async function failed (entry: ClaimedEntry, error: unknown): Promise<boolean> {
    const text = shownError(error)
    const delay = retryDelay(entry.attempts)
    if (isPermanent(error)) return await giveUp(entry, 'refused', text)
    if (delay === null) return await giveUp(entry, 'attempts', text)
    await store.retry(entry, delay, text)
    events.onRetry(entry, text)
    return !(error instanceof DeliveryError && error.unreachable)
  }

  async function giveUp (entry: ClaimedEntry, reason: FailureReason, error: string): Promise<true> {
    await store.fail(entry, error)
    events.onFailed(entry, reason, error)
    return true
  }

  return deliver
}

/** A transport of a host may throw any error, with `permanent: true` when trying again is useless. */
function isPermanent (error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'permanent' in error && error.permanent === true
}

/** @throws DeliveryError when it takes too long, or `signal` aborts */
async function within (milliseconds: number, signal: AbortSignal, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController()
  let end: (error: DeliveryError) => void
  const ended = new Promise<never>((_resolve, reject) => { end = reject })
  const abort = (error: DeliveryError) => {
    controller.abort(error)
    end(error)
  }
  const onAbort = () => abort(new DeliveryError('the process is ending'))
  const timer = setTimeout(
    () => abort(new DeliveryError(`no answer within ${milliseconds / 1000} s`, { unreachable: true })),
    milliseconds
  )
  signal.addEventListener('abort', onAbort)
  try {
    await Promise.race([work(controller.signal), ended])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}
