import { setTimeout as sleep } from 'node:timers/promises'
import type { DerivedKeys } from '../crypto/app-key.ts'
import { seal, unseal } from '../crypto/seal.ts'
import { HttpError } from '../http/http-error.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Log } from '../runtime/log.ts'
import type { Provider, SocialAccount } from './ports.ts'
import { UpstreamError } from './upstream-error.ts'
import type { Upstream } from './upstream.ts'
import type { UpstreamTokens } from './upstream-tokens.ts'

/** With what the host acts for a user at a provider. The refresh token stays here: used in two places, one of them would lose it. */
export type ProviderTokens = {
  /** Who the user is there. */
  subject: string
  accessToken: string
  /** Null where the provider does not say. */
  expiresAt: Date | null
  /** Null where the provider does not say. */
  scopes: string[] | null
}

/** @throws HttpError LK_PROVIDER_UNAVAILABLE */
export type ReadProviderTokens = (userId: string, provider: string, options?: { subject?: string }) => Promise<ProviderTokens | null>

type Account = Pick<SocialAccount, 'provider' | 'subject'>

export type KeptTokens = {
  /** Keeps what a login has brought, unless the account is not the user's any more. A refresh token that it lacks stays. */
  keep: (account: Account, userId: string, tokens: UpstreamTokens) => Promise<void>
  read: ReadProviderTokens
}

/** One row for each account at a provider. */
export type KeptRow = Account & { sealed: Uint8Array }

/** What is written replaces what was read: each change names the bytes that it follows, and happens only if they are still there. */
export type ProviderTokenStore = {
  /** Of one account of the user; without a subject, of that which was used last. */
  find: (userId: string, provider: string, subject: string | null) => Promise<KeptRow | null>
  /** @returns false when there is a row, or the account is not the user's */
  insert: (row: KeptRow, userId: string) => Promise<boolean>
  replace: (row: KeptRow, to: Uint8Array) => Promise<boolean>
  remove: (row: KeptRow) => Promise<boolean>
  /**
   * Of two processes, one may renew the tokens.
   * @returns until when, or null while another one may
   */
  claim: (row: KeptRow, seconds: number) => Promise<string | null>
  /** @param claim which must not be over */
  release: (account: Account, claim: string) => Promise<void>
}

/** Of the keys that seal them, derived from APP_KEY. */
export const PROVIDER_TOKEN_KEYS = 'provider-tokens'

/** Tokens open in the row of their account only. */
export function providerTokenContext ({ provider, subject }: Account): string {
  return `provider-tokens:${provider}:${subject}`
}

/** An access token must last as long as a request of the host takes. */
const LEEWAY_MS = 30_000
/** Seconds, longer than a provider may take for its metadata and its answer. */
const CLAIM = 30
const WAIT_MS = 10_000
const PAUSE_MS = 100
/** Changes by others that one attempt may run into. */
const ATTEMPTS = 5

type Dependencies = {
  store: ProviderTokenStore
  keys: DerivedKeys
  /** Whose tokens are kept. */
  providers: ReadonlyMap<string, Provider>
  upstreamOf: (provider: Provider) => Pick<Upstream, 'refresh'>
  clock: Pick<Clock, 'now' | 'monotonic'>
  log: Pick<Log, 'debug' | 'info' | 'warn'>
}

export function createKeptTokens ({ store, keys, providers, upstreamOf, clock, log }: Dependencies): KeptTokens {
  const sealed = (account: Account, tokens: UpstreamTokens) => seal(keys[0]!, JSON.stringify(tokens), providerTokenContext(account))

  /** What no key opens any more is as if it were not there. */
  function open (row: KeptRow): UpstreamTokens | null {
    const opened = unseal(keys, row.sealed, providerTokenContext(row))
    return opened && JSON.parse(opened.text) as UpstreamTokens
  }

  async function keep (account: Account, userId: string, tokens: UpstreamTokens): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const row = await store.find(userId, account.provider, account.subject)
      // Google gives it with the first consent only
      const refreshToken = tokens.refreshToken ?? (row && open(row)?.refreshToken) ?? null
      const next = sealed(account, { ...tokens, refreshToken })
      if (row ? await store.replace(row, next) : await store.insert({ ...account, sealed: next }, userId)) return
    }
  }

  /** A login may have brought others meanwhile, with this refresh token or a newer one. @returns those that count */
  async function replaced (
    userId: string, { provider, subject }: Account, used: string, fresh: UpstreamTokens
  ): Promise<UpstreamTokens | null> {
    for (;;) {
      const row = await store.find(userId, provider, subject)
      const kept = row && open(row)
      if (!kept || kept.refreshToken !== used) return kept
      const next = { ...fresh, refreshToken: fresh.refreshToken ?? used, scopes: fresh.scopes ?? kept.scopes }
      if (await store.replace(row, sealed(row, next))) return next
    }
  }

  /** @returns `again`: they have changed meanwhile */
  async function renew (provider: Provider, userId: string, row: KeptRow, refreshToken: string): Promise<UpstreamTokens | 'again' | null> {
    const claim = await store.claim(row, CLAIM)
    if (claim === null) return 'again'
    try {
      const fresh = await upstreamOf(provider).refresh({ subject: row.subject, refreshToken })
      if (fresh) return await replaced(userId, row, refreshToken, fresh)
      log.info({ provider: provider.name, userId }, 'A provider has refused a refresh token: the tokens of this account are deleted')
      return await store.remove(row) ? null : 'again'
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error
      log[error.isKnown ? 'debug' : 'warn']({ provider: provider.name, reason: error.message }, 'Tokens could not be renewed at a provider')
      throw new HttpError('LK_PROVIDER_UNAVAILABLE', { cause: error })
    } finally {
      // What cannot be released ends by itself
      await store.release(row, claim).catch(() => {})
    }
  }

  async function read (userId: string, name: string, subject: string | null): Promise<ProviderTokens | null> {
    const provider = providers.get(name)
    if (!provider) return null
    for (const until = clock.monotonic() + WAIT_MS; clock.monotonic() < until; await sleep(PAUSE_MS)) {
      const row = await store.find(userId, name, subject)
      const kept = row && open(row)
      if (!kept) return null
      const { refreshToken, expiresAt } = kept
      const isOver = expiresAt !== null && expiresAt - LEEWAY_MS <= clock.now()
      if (isOver && refreshToken === null) return null
      const valid = isOver ? await renew(provider, userId, row, refreshToken!) : kept
      if (valid !== 'again') return valid && shown(row, valid)
    }
    throw new HttpError('LK_PROVIDER_UNAVAILABLE', { message: 'Another process is renewing the tokens at the provider, try again' })
  }

  /** Calls of the same moment share an answer. */
  const reading = new Map<string, Promise<ProviderTokens | null>>()
  return {
    keep,
    async read (userId, provider, { subject = null } = {}) {
      const key = JSON.stringify([userId, provider, subject])
      const answer = reading.get(key) ?? read(userId, provider, subject).finally(() => reading.delete(key))
      reading.set(key, answer)
      return await answer
    }
  }
}

function shown ({ subject }: Account, { accessToken, expiresAt, scopes }: UpstreamTokens): ProviderTokens {
  return { subject, accessToken, expiresAt: expiresAt === null ? null : new Date(expiresAt), scopes }
}
