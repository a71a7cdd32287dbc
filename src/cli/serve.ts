import type { Context } from './context.ts'

/** As long as `docker stop` waits before it kills. */
const GRACE_MS = 10_000

/** Runs the server until the process is told to stop; then answers the requests that are open, stops its database and exits. */
export async function serve ({ config, options, variables }: Context): Promise<null> {
  const [{ startServer }, { default: closeWithGrace }] = await Promise.all([import('../server.ts'), import('close-with-grace')])
  const starting = startServer(options, variables)
  const grace = closeWithGrace({
    delay: GRACE_MS,
    logger: false,
    onTimeout: () => { process.stderr.write(`error: something was still open ${GRACE_MS / 1000} seconds after the signal\n`) }
  }, async ({ signal, err }) => {
    const { app } = await starting
    if (err) app.log.fatal({ err }, 'Closing after an unexpected error')
    else app.log.info({ signal }, 'Closing')
    await app.close()
  })
  try {
    const { address } = await starting
    if (process.stdout.isTTY) greet(address, config.prefix)
    return null
  } catch (error) {
    grace.uninstall()
    throw (error as NodeJS.ErrnoException).code === 'EADDRINUSE' ? portTaken(config, error) : error
  }
}

function greet (address: string, prefix: string): void {
  process.stderr.write(`Latchkey listens on ${address}${prefix}\nAPI documentation: ${address}${prefix}/docs\n`)
}

function portTaken ({ host, port }: Context['config'], cause: unknown): Error {
  return new Error(`Port ${port} of ${host} is taken by another program; stop that one, or set PORT to another`, { cause })
}
