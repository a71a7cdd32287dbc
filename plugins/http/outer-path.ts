import type { FastifyRequest } from 'fastify'

/** Path of an address, empty at the root: what stands before the paths of all that is served there. */
export function pathOf (appUrl: string): string {
  return new URL(appUrl).pathname.replace(/\/$/, '')
}

/** What a visitor asked for: a proxy that strips the path of APP_URL, or a host that rewrites, shows us less than their address bar. */
export function outerPath (appUrl: string, { url, originalUrl }: Pick<FastifyRequest, 'url' | 'originalUrl'>): string {
  const base = pathOf(appUrl)
  const isWhole = url !== originalUrl && (originalUrl === base || ['/', '?'].some((next) => originalUrl.startsWith(base + next)))
  return isWhole ? originalUrl : base + originalUrl
}
