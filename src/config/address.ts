/** Where the server is mounted. */
export type Place = {
  /** Prefix of the host's scope in which Latchkey is registered, such as /api. */
  mount: string
  https: boolean
}

/** A server of our own, or the root of a host. */
export const ROOT: Place = { mount: '', https: false }

/** The address of this server and its issuer. Both are read when they are used, since they may follow the port. */
export type Address = {
  /** Without a slash at the end. */
  readonly appUrl: string
  readonly issuer: string
  /** Path of the issuer, empty at the root: the prefix of paths in links. */
  readonly basePath: string
  /**
   * No address was configured: it is this machine at the listening port. The Host header is never used, since a client can send any value.
   */
  readonly followsPort: boolean
  listensOn: (port: number) => void
}

/**
 * @param appUrl as given, without a slash at the end
 * @param port until the server listens
 */
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

/** Creates a part for the issuer on first use, and again if the issuer has changed since the server listens. */
export function perIssuer<Part> (config: Pick<Address, 'issuer'>, make: (issuer: string) => Part): () => Part {
  return following(() => config.issuer, make)
}

/** Caches what is created from a text that may change. */
export function following<Part> (read: () => string, make: (text: string) => Part): () => Part {
  let made: { from: string, part: Part } | undefined
  return () => {
    const from = read()
    if (made?.from !== from) made = { from, part: make(from) }
    return made.part
  }
}
