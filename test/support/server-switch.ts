import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { once } from 'node:events'
import type { Test } from 'tap'

export type Switch = {
  /** The address of the database with the port of the switch. */
  through: (url: string) => string
  /** Connections stay open and reach another server from their next statement on, as behind a pooler. */
  turn: (url: string) => Promise<void>
}

const portOf = (url: string) => Number(new URL(url).port)
const READY = 'Z'.charCodeAt(0)

/** Stands in front of PostgreSQL like a pooler or a failover address. Its servers must not require a password. */
export async function createSwitch (t: Test, url: string): Promise<Switch> {
  const lines = new Set<Line>()
  let port = portOf(url)
  const server = createServer((client) => {
    const line = createLine(client, port)
    lines.add(line)
    client.on('close', () => lines.delete(line))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const line of lines) line.end()
    server.close()
  })
  return {
    through (target) {
      const address = new URL(target)
      address.port = String((server.address() as AddressInfo).port)
      // A statement that was prepared at one server does not exist at the other
      address.searchParams.set('pgbouncer', 'true')
      return address.href
    },
    async turn (target) {
      port = portOf(target)
      await Promise.all([...lines].map((line) => line.turn(port)))
    }
  }
}

type Line = ReturnType<typeof createLine>

function createLine (client: Socket, port: number) {
  let start: Buffer | null = null
  let server = connect(port, '127.0.0.1')
  let isIdle = false
  let isTurning = false
  let waiting: Buffer[] = []
  let onIdle = () => {}

  function relay (from: Socket): void {
    from.on('data', messages((message) => {
      if (from !== server) return
      client.write(message)
      isIdle = message[0] === READY
      if (isIdle) onIdle()
    }))
    from.on('error', () => {})
    from.on('close', () => { if (from === server) client.destroy() })
  }

  relay(server)
  client.on('error', () => {})
  client.on('close', () => server.destroy())
  client.on('data', (data: Buffer) => {
    start ??= data
    if (isTurning && isIdle) waiting.push(data)
    else {
      isIdle = false
      server.write(data)
    }
  })

  async function turn (to: number): Promise<void> {
    isTurning = true
    if (!isIdle) await new Promise<void>((resolve) => { onIdle = resolve })
    const next = connect(to, '127.0.0.1')
    next.write(start!)
    await new Promise<void>((resolve) => {
      next.on('data', messages((message) => { if (message[0] === READY) resolve() }))
    })
    next.removeAllListeners('data')
    const old = server
    server = next
    old.destroy()
    relay(next)
    isTurning = false
    for (const data of waiting) server.write(data)
    isIdle = waiting.length === 0
    waiting = []
  }

  return { turn, end: () => client.destroy() }
}

/** Splits the output of PostgreSQL into messages: a type byte, the length including itself, the rest. */
function messages (each: (message: Buffer) => void): (data: Buffer) => void {
  let rest = Buffer.alloc(0)
  return (data) => {
    rest = Buffer.concat([rest, data])
    while (rest.length >= 5 && rest.length > rest.readUInt32BE(1)) {
      const end = rest.readUInt32BE(1) + 1
      each(rest.subarray(0, end))
      rest = rest.subarray(end)
    }
  }
}
