import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Brand } from '../../src/views/brand.ts'

const POLICY = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

export type PageServer = { url: string, posts: { path: string, body: string }[], close: () => void }

/** Serves pages by their names, and their stylesheets, under the policy that the product sends. */
export async function servePages (pages: Record<string, string>, brands: readonly Brand[]): Promise<PageServer> {
  const styles = new Map(brands.map(({ stylesheet }) => [stylesheet.path, stylesheet.css]))
  const posts: PageServer['posts'] = []
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error as Error))
  })

  async function answer (request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '/').split('?')[0] ?? '/'
    const css = styles.get(path)
    if (request.method === 'POST') posts.push({ path, body: await bodyOf(request) })
    const page = request.method === 'POST' ? '<!DOCTYPE html><html lang="en"><title>posted</title></html>' : pages[path.slice(1)]
    response.writeHead(css ?? page ? 200 : 404, {
      'content-type': css ? 'text/css' : 'text/html; charset=utf-8',
      'content-security-policy': POLICY, 'x-content-type-options': 'nosniff'
    })
    response.end(css ?? page ?? '')
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, posts, close: () => {
      server.closeAllConnections()
      server.close()
    }
  }
}

async function bodyOf (request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) body += chunk
  return body
}
