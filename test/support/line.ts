import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { once } from 'node:events'
import type { Test } from 'tap'

export type Line = {
  port: number
  /** The same address with the port of the line. */
  through: (url: string) => string
  /** Closes all connections and forwards new ones to another port; null refuses them. */
  turn: (port: number | null) => void
}

/** A port that forwards to another one, like a load balancer or a network in between. */
export async function createLine (t: Test, port: number | null): Promise<Line> {
  const sockets = new Set<Socket>()
  let target = port

  function keep (socket: Socket): void {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  }

  function pass (client: Socket): void {
    keep(client)
    if (target === null) {
      client.destroy()
      return
    }
    const server = connect(target, '127.0.0.1')
    keep(server)
    client.pipe(server).pipe(client)
    server.on('close', () => client.destroy())
    client.on('close', () => server.destroy())
  }

  function turn (to: number | null): void {
    target = to
    for (const socket of sockets) socket.destroy()
  }

  const listener = createServer(pass).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  t.teardown(() => {
    turn(null)
    listener.close()
  })
  const own = (listener.address() as AddressInfo).port
  return {
    port: own,
    through (url) {
      const address = new URL(url)
      address.port = String(own)
      return address.href
    },
    turn
  }
}
