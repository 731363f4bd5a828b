/** A way to a file server whose connections can be reset. */

import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface Way extends AsyncDisposable {
  readonly port: number
  /** How many connections were made. */
  readonly made: number
  /** How many there are now. */
  readonly open: number
  /** Resets all that there are. */
  cut(): void
  /** Resets them towards the client alone: the server believes that they are still there. */
  cutUnseen(): void
  /** Takes no connection until it is called again. */
  block(isBlocked: boolean): void
}

interface Connection {
  readonly inner: Socket
  readonly outer: Socket
  isUnseen: boolean
}

export async function wayTo(address: string, port = 445): Promise<Way> {
  const open = new Set<Connection>()
  let made = 0
  let isBlocked = false
  const server = createServer((inner) => {
    if (isBlocked) return void inner.resetAndDestroy()
    made++
    const connection: Connection = { inner, outer: connect(port, address), isUnseen: false }
    const { outer } = connection
    open.add(connection)
    outer
      .on('error', () => {})
      .on('close', () => {
        open.delete(connection)
        inner.destroy()
      })
    inner
      .on('error', () => {})
      .on('close', () => {
        if (!connection.isUnseen) outer.destroy()
      })
    outer.pipe(inner)
    inner.pipe(outer, { end: false })
    inner.on('end', () => outer.end())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = (): void => {
    for (const { inner, outer } of open) for (const socket of [inner, outer]) socket.resetAndDestroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    get made() {
      return made
    },
    get open() {
      return open.size
    },
    cut,
    cutUnseen() {
      for (const connection of open) {
        connection.isUnseen = true
        connection.inner.resetAndDestroy()
        // What the server still sends goes nowhere, as on a way that swallows it.
        connection.outer.resume()
      }
    },
    block: (value) => void (isBlocked = value),
    async [Symbol.asyncDispose]() {
      cut()
      server.close()
    },
  }
}
