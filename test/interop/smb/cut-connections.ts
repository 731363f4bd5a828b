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
  /** Takes no connection until it is called again. */
  block(isBlocked: boolean): void
}

export async function wayTo(address: string, port = 445): Promise<Way> {
  const open = new Set<Socket>()
  let made = 0
  let isBlocked = false
  const server = createServer((inner) => {
    if (isBlocked) return void inner.resetAndDestroy()
    made++
    const outer = connect(port, address)
    for (const [from, to] of [
      [inner, outer],
      [outer, inner],
    ]) {
      open.add(from)
      from.on('error', () => {})
      from.on('close', () => {
        open.delete(from)
        to.destroy()
      })
      from.pipe(to)
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = (): void => {
    for (const socket of open) socket.resetAndDestroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    get made() {
      return made
    },
    get open() {
      return open.size / 2
    },
    cut,
    block: (value) => void (isBlocked = value),
    async [Symbol.asyncDispose]() {
      cut()
      server.close()
    },
  }
}
