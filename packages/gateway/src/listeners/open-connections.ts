import type { Server } from 'node:http'
import type { Http2SecureServer, Http2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { ListenerSettings } from '../configuration/gateway-options.js'

/** The connections of one listener. */
export interface OpenConnections {
  /** Ends those on which nothing is under way, and tells the others to begin nothing. */
  endIdle(): void
  destroyAll(): void
}

/** Bounds the connections of a listener, of all clients and of each address. */
export function limitConnections(
  server: Server | Http2SecureServer,
  limits: () => ListenerSettings['limits'],
): OpenConnections {
  const sockets = new Set<Socket>()
  const sessions = new Set<Http2Session>()
  const byAddress = new Map<string, number>()
  server.maxConnections = limits().connections
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? ''
    const count = (byAddress.get(address) ?? 0) + 1
    if (count > limits().connectionsPerAddress) return void socket.destroy()
    byAddress.set(address, count)
    sockets.add(socket)
    socket.once('close', () => {
      sockets.delete(socket)
      const left = (byAddress.get(address) ?? 1) - 1
      if (left === 0) byAddress.delete(address)
      else byAddress.set(address, left)
    })
  })
  server.on('session', (session: Http2Session) => {
    sessions.add(session)
    // `close` lets its requests end.
    session.setTimeout(limits().keepAlive, () => session.close())
    session.once('close', () => sessions.delete(session))
  })
  return {
    endIdle() {
      for (const session of sessions) session.close()
      if ('closeIdleConnections' in server) server.closeIdleConnections()
    },
    destroyAll() {
      for (const socket of sockets) socket.destroy()
    },
  }
}
