import { formOf, type Answer, type Fields } from './visitor.ts'

/** What a browser sees at a provider, or the address on another site that it was sent to. */
export type There = { url: string, status: number, page?: string }

/** A browser at an OpenID provider that listens; it keeps its cookies. */
export type ProviderBrowser = {
  /** Follows redirects until the provider shows a page or sends the browser away. */
  open: (url: string) => Promise<There>
  /** Submits the form of a page. */
  submit: (seen: There, fields?: Fields) => Promise<There>
}

export function browseProvider (): ProviderBrowser {
  const cookies = new Map<string, string>()

  async function walk (start: string, init: RequestInit = {}): Promise<There> {
    let url = start
    const { origin } = new URL(start)
    for (let hops = 0; hops < 10 && new URL(url).origin === origin; hops++) {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const answer = await fetch(url, { ...(hops === 0 && init), redirect: 'manual', headers: { cookie, ...(hops === 0 && init.headers as Fields) } })
      for (const text of answer.headers.getSetCookie()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(text)!
        if (/expires=Thu, 01 Jan 1970/i.test(text)) cookies.delete(name!)
        else cookies.set(name!, value!)
      }
      const location = answer.headers.get('location')
      if (location === null) return { url, status: answer.status, page: await answer.text() }
      url = new URL(location, url).href
    }
    return { url, status: 303 }
  }

  return {
    open: async (url) => await walk(url),
    async submit ({ url, page }, fields = {}) {
      const { action, hidden } = formOf({ body: page } as Answer)
      return await walk(new URL(action, url).href, {
        method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: String(new URLSearchParams({ ...hidden, ...fields }))
      })
    }
  }
}
