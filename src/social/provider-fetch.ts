import type { CustomFetch } from 'openid-client'
import type { Provider, UpstreamClaims } from './ports.ts'
import { UpstreamError } from './upstream-error.ts'

/** Bytes of an answer. */
const MAX_ANSWER = 100_000
/** Milliseconds after which metadata is read again. */
const METADATA_MS = 3_600_000
const METADATA = '/.well-known/openid-configuration'

export type ProviderFetch = {
  fetch: CustomFetch
  /** The next login reads the metadata again. */
  forget: () => void
}

/**
 * Requests to a provider. No answer is read beyond 100 kB; metadata is remembered for an hour.
 * @param now in milliseconds
 */
export function createProviderFetch (provider: Provider, now: () => number): ProviderFetch {
  let known: { text: string, until: number } | undefined

  return {
    async fetch (url, options) {
      const isMetadata = new URL(url).pathname.endsWith(METADATA)
      if (isMetadata && known && known.until > now()) return new Response(known.text, { headers: { 'content-type': 'application/json' } })
      const response = await fetch(url, options as RequestInit)
      const text = await limitedText(response)
      if (isMetadata && response.ok) known = { text, until: now() + METADATA_MS }
      const { status, headers } = response
      // Only the token endpoint is posted to
      const corrected = provider.kind === 'openid' && provider.conform && options.method === 'POST' && response.ok
        ? JSON.stringify(provider.conform(readJson(text, 'for a code') as UpstreamClaims))
        : text
      return new Response(corrected === '' ? null : corrected, { status, headers })
    },
    forget () { known = undefined }
  }
}

/** @throws UpstreamError beyond 100 kB */
export async function limitedText (response: Response): Promise<string> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of response.body ?? []) {
    length += (part as Uint8Array).length
    if (length > MAX_ANSWER) throw new UpstreamError('failed', 'answered too much')
    parts.push(part as Uint8Array)
  }
  return Buffer.concat(parts).toString()
}

/**
 * The error of JSON.parse contains a part of the text, which may be a token.
 * @param about what was asked, for the message of an error
 * @throws UpstreamError
 */
export function readJson (text: string, about: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new UpstreamError('failed', `answered no JSON ${about}`)
  }
}
