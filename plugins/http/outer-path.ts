import type { FastifyRequest } from 'fastify'

/** The path of an address, empty at the root: the prefix of all paths that are served there. */
export function pathOf (appUrl: string): string {
  return new URL(appUrl).pathname.replace(/\/$/, '')
}

/** The path that the visitor sees. A proxy may have stripped the path of APP_URL, or the host may have rewritten the URL. */
export function outerPath (appUrl: string, { url, originalUrl }: Pick<FastifyRequest, 'url' | 'originalUrl'>): string {
  const base = pathOf(appUrl)
  const isWhole = url !== originalUrl && (originalUrl === base || ['/', '?'].some((next) => originalUrl.startsWith(base + next)))
  return isWhole ? originalUrl : base + originalUrl
}
