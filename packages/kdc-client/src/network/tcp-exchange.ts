import { connect, type Socket } from 'node:net'
import type { KdcAddress } from '../configuration/kdc-address.js'

/**
 * The most octets of an answer. It is a ticket and little more, so a longer one is not Kerberos.
 */
const MAX_REPLY = 1 << 20

/**
 * The most idle connections to one KDC. It is the number of requests that may be on the way to a
 * realm, so that a burst of requests opens no more. MIT's KDC accepts thirty, and closes the oldest
 * one of all its clients; a connection that it has closed is replaced.
 */
const MAX_IDLE = 16

/**
 * How long an idle connection waits for the next request; milliseconds. KDCs close it after some
 * tens of seconds.
 */
const IDLE_FOR = 10_000

/**
 * Exchanges messages with KDCs by TCP, and uses connections again. A connection has one request at
 * a time: nothing in an encrypted answer tells which request it belongs to. Source: RFC 4120
 * section 7.2.2.
 */
export class TcpConnections {
  readonly #idle = new Map<string, TcpConnection[]>()

  async exchange(address: KdcAddress, request: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    signal.throwIfAborted()
    const key = JSON.stringify([address.host, address.port])
    const kept = this.#take(key)
    if (kept) {
      const answer = await this.#tryKept(kept, key, request, signal)
      if (answer !== undefined) return answer
    }
    const fresh = new TcpConnection(connect({ host: address.host, port: address.port, noDelay: true }))
    const answer = await fresh.exchange(request, signal)
    this.#keep(key, fresh)
    return answer
  }

  /** Closes the connections that are open and idle. */
  close(): void {
    for (const connections of this.#idle.values()) for (const connection of connections) connection.close()
    this.#idle.clear()
  }

  /** Returns undefined if the KDC had closed the connection meanwhile, as it may. */
  async #tryKept(
    kept: TcpConnection,
    key: string,
    request: Uint8Array,
    signal: AbortSignal,
  ): Promise<Uint8Array | undefined> {
    try {
      const answer = await kept.exchange(request, signal)
      this.#keep(key, kept)
      return answer
    } catch (error) {
      if (signal.aborted || kept.hasReceived) throw error
      return undefined
    }
  }

  #take(key: string): TcpConnection | undefined {
    const connections = this.#idle.get(key)
    const connection = connections?.pop()
    if (connections?.length === 0) this.#idle.delete(key)
    return connection
  }

  #keep(key: string, connection: TcpConnection): void {
    const connections = this.#idle.get(key) ?? []
    if (!connection.isOpen || connections.length >= MAX_IDLE) return connection.close()
    this.#idle.set(key, [...connections, connection])
    connection.rest(() => {
      const left = (this.#idle.get(key) ?? []).filter((other) => other !== connection)
      if (left.length === 0) this.#idle.delete(key)
      else this.#idle.set(key, left)
    })
  }
}

class TcpConnection {
  /** The current exchange, or the last one, got at least one octet back. */
  hasReceived = false
  readonly #socket: Socket
  #wake: () => void = () => {}

  constructor(socket: Socket) {
    this.#socket = socket
    // This handler stays: an error between two exchanges must not end the process.
    socket.on('error', () => socket.destroy())
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed && this.#socket.writable && this.#socket.readable
  }

  /** Sends a length of four octets and the message, and reads an answer of the same form. */
  exchange(request: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const socket = this.#socket
    this.hasReceived = false
    socket.ref()
    socket.setTimeout(0)
    this.#wake()
    return new Promise<Uint8Array>((resolve, reject) => {
      const reply = new ReplyReader()
      const end = (settle: () => void, close = true): void => {
        socket.off('data', onData).off('error', onError).off('close', onClose)
        signal.removeEventListener('abort', onAbort)
        if (close) socket.destroy()
        settle()
      }
      const onAbort = (): void => end(() => reject(signal.reason))
      const onError = (error: Error): void => end(() => reject(error))
      const onClose = (): void =>
        end(() => reject(new Error('the connection was closed before the answer was complete')))
      const onData = (chunk: Uint8Array): void => {
        this.hasReceived = true
        const read = reply.add(chunk)
        if (read.kind === 'complete') end(() => resolve(read.answer), read.excess)
        else if (read.kind === 'too-long')
          end(() => reject(new Error(`it announced an answer of ${read.length} octets`)))
      }
      signal.addEventListener('abort', onAbort, { once: true })
      socket.on('data', onData).on('error', onError).on('close', onClose)
      socket.write(framed(request))
    })
  }

  /**
   * Waits for the next use, or for the end of the connection, and does not keep the process alive.
   */
  rest(onClose: () => void): void {
    const socket = this.#socket
    // A KDC sends nothing unasked, so the connection is not used any more.
    const destroy = (): void => void socket.destroy()
    socket.on('close', onClose).on('timeout', destroy).on('data', destroy)
    this.#wake = () => socket.off('close', onClose).off('timeout', destroy).off('data', destroy)
    socket.setTimeout(IDLE_FOR)
    socket.unref()
  }

  close(): void {
    this.#socket.destroy()
  }
}

type ReplyRead =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'too-long'; readonly length: number }
  | { readonly kind: 'complete'; readonly answer: Uint8Array; readonly excess: boolean }

/** Assembles an answer: its length in four octets, then the message. */
export class ReplyReader {
  readonly #chunks: Uint8Array[] = []
  #received = 0
  #length: number | undefined

  add(chunk: Uint8Array): ReplyRead {
    this.#chunks.push(chunk)
    this.#received += chunk.length
    if (this.#received < 4) return { kind: 'incomplete' }
    this.#length ??= Buffer.concat(this.#chunks).readUInt32BE(0)
    const length = this.#length
    if (length > MAX_REPLY) return { kind: 'too-long', length }
    if (this.#received < 4 + length) return { kind: 'incomplete' }
    const all = Buffer.concat(this.#chunks)
    return { kind: 'complete', answer: all.subarray(4, 4 + length), excess: this.#received > 4 + length }
  }
}

/** Returns a message with its length in front. Source: RFC 4120 section 7.2.2. */
export function framed(request: Uint8Array): Uint8Array {
  const message = new Uint8Array(4 + request.length)
  new DataView(message.buffer).setUint32(0, request.length)
  message.set(request, 4)
  return message
}
