/** Where the server stands. */
export type Place = {
  /** Prefix of the scope of the host that Latchkey is registered in, such as /api. */
  mount: string
  https: boolean
}

/** A server of our own, or the root of a host. */
export const ROOT: Place = { mount: '', https: false }

/** The address of this server and its issuer. Both are asked for when they are used, for they may follow the port. */
export type Address = {
  /** Without a slash at the end. */
  readonly appUrl: string
  readonly issuer: string
  /** Path of the issuer, empty at the root: what stands before the paths of links. */
  readonly basePath: string
  /** No address was given: it is this machine, at the port that listens. Never what a Host header says, which anybody writes. */
  readonly followsPort: boolean
  listensOn: (port: number) => void
}

/** @param appUrl as given, without a slash at the end @param port until one listens */
export function createAddress (appUrl: string | undefined, { port, path, https }: { port: number, path: string, https: boolean }): Address {
  const at = (port: number) => `${https ? 'https' : 'http'}://localhost:${port}`
  let known = appUrl ?? at(port)
  let issuer = known + path
  return {
    get appUrl () { return known },
    get issuer () { return issuer },
    basePath: new URL(issuer).pathname.replace(/\/$/, ''),
    followsPort: appUrl === undefined,
    listensOn (port) {
      if (appUrl !== undefined) return
      known = at(port)
      issuer = known + path
    }
  }
}

/**
 * For what is made for an issuer: made when it is first asked for, and again should the issuer have changed, because the server listens
 * now.
 */
export function perIssuer<Part> (config: Pick<Address, 'issuer'>, make: (issuer: string) => Part): () => Part {
  return following(() => config.issuer, make)
}

/** What is made from a text that may change. */
export function following<Part> (read: () => string, make: (text: string) => Part): () => Part {
  let made: { from: string, part: Part } | undefined
  return () => {
    const from = read()
    if (made?.from !== from) made = { from, part: make(from) }
    return made.part
  }
}
