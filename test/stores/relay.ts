/** A relay for TCP that can be slow, silent or gone, as a network or a host can. */

import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Address } from '../realms/realm-info.js'

export interface Relay extends Address, Disposable {
  /** Each octet comes so much later, in both directions; milliseconds. */
  delay(milliseconds: number): void
  /** Nothing comes through, and no connection ends: what a parted network looks like. */
  cut(): void
  heal(): void
  /** Refuses connections and ends those that there are, as a host whose server has died. */
  down(): void
  up(): Promise<void>
}

/** Listens on `from`, and connects to `to` for each connection. */
export async function openRelay(from: Address, to: Address): Promise<Relay> {
  const line = new Line()
  const sockets = new Set<Socket>()
  const listen = async (): Promise<Server> => {
    const started = createServer({ allowHalfOpen: true }, (inner) => {
      const outer = connect({ ...to, allowHalfOpen: true })
      for (const [source, target] of [
        [inner, outer],
        [outer, inner],
      ]) {
        sockets.add(source)
        line.carry(source, target)
        source.on('close', () => sockets.delete(source))
      }
    })
    started.listen(from.port, from.host)
    await once(started, 'listening')
    return started
  }
  let server = await listen()
  const down = (): void => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  return {
    ...from,
    delay: (milliseconds) => line.delay(milliseconds),
    cut: () => line.cut(),
    heal: () => line.heal(),
    down,
    async up() {
      server = await listen()
    },
    [Symbol.dispose]: down,
  }
}

interface Carried {
  readonly due: number
  readonly step: () => void
}

/** What goes over it stays in order, also while the delay changes. */
class Line {
  #latency = 0
  #isCut = false
  readonly #pumps = new Set<() => void>()

  delay(milliseconds: number): void {
    this.#latency = milliseconds
  }

  cut(): void {
    this.#isCut = true
  }

  heal(): void {
    this.#isCut = false
    for (const pump of this.#pumps) pump()
  }

  carry(source: Socket, target: Socket): void {
    const waiting: Carried[] = []
    const pump = (): void => {
      while (!this.#isCut && waiting.length > 0 && waiting[0].due <= performance.now()) waiting.shift()?.step()
      if (!this.#isCut && waiting.length > 0) setTimeout(pump, waiting[0].due - performance.now() + 1)
    }
    const later = (step: () => void): void => {
      waiting.push({ due: performance.now() + this.#latency, step })
      if (waiting.length === 1) pump()
    }
    this.#pumps.add(pump)
    source.on('data', (octets) => later(() => void target.write(octets)))
    source.on('end', () => later(() => void target.end()))
    source.on('error', () => later(() => void target.destroy()))
    source.on('close', () => this.#pumps.delete(pump))
  }
}
