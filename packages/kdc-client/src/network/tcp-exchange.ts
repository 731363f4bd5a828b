import { connect, type Socket } from 'node:net'
import type { KdcAddress } from '../configuration/kdc-address.js'

/**
 * A KDC's answer is a ticket and little more. Whoever announces more than this does not speak
 * Kerberos.
 */
const MAX_REPLY = 1 << 20

/**
 * Connections kept open to one KDC: as many as there may be requests on their way to a realm, so
 * that a crowd makes no more of them. MIT's KDC closes the oldest of all clients' when there are
 * thirty; one that it has closed is replaced.
 */
const MAX_IDLE = 16

/**
 * How long an open connection waits for the next request, milliseconds; KDCs close theirs after
 * some tens of seconds.
 */
const IDLE_FOR = 10_000

/**
 * Connections to KDCs, used again while they stay open. One request at a time on each: nothing in
 * an answer says to which request it belongs before it is opened. Source: RFC 4120 section 7.2.2.
 */
export class TcpConnections {
  private readonly idle = new Map<string, TcpConnection[]>()

  async exchange(address: KdcAddress, request: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    signal.throwIfAborted()
    const key = JSON.stringify([address.host, address.port])
    const kept = this.take(key)
    if (kept) {
      const answer = await this.tryKept(kept, key, request, signal)
      if (answer !== undefined) return answer
    }
    const fresh = new TcpConnection(connect({ host: address.host, port: address.port, noDelay: true }))
    const answer = await fresh.exchange(request, signal)
    this.keep(key, fresh)
    return answer
  }

  /** Closes what is open and idle. */
  close(): void {
    for (const connections of this.idle.values()) for (const connection of connections) connection.close()
    this.idle.clear()
  }

  /** Undefined when the KDC had closed the connection meanwhile, which is its good right. */
  private async tryKept(
    kept: TcpConnection,
    key: string,
    request: Uint8Array,
    signal: AbortSignal,
  ): Promise<Uint8Array | undefined> {
    try {
      const answer = await kept.exchange(request, signal)
      this.keep(key, kept)
      return answer
    } catch (error) {
      if (signal.aborted || kept.hasReceived) throw error
      return undefined
    }
  }

  private take(key: string): TcpConnection | undefined {
    const connections = this.idle.get(key)
    const connection = connections?.pop()
    if (connections?.length === 0) this.idle.delete(key)
    return connection
  }

  private keep(key: string, connection: TcpConnection): void {
    const connections = this.idle.get(key) ?? []
    if (!connection.isOpen || connections.length >= MAX_IDLE) return connection.close()
    this.idle.set(key, [...connections, connection])
    connection.rest(() => {
      const left = (this.idle.get(key) ?? []).filter((other) => other !== connection)
      if (left.length === 0) this.idle.delete(key)
      else this.idle.set(key, left)
    })
  }
}

class TcpConnection {
  /** Whether the exchange that runs, or ran last, got anything back. */
  hasReceived = false
  private readonly socket: Socket
  private wake: () => void = () => {}

  constructor(socket: Socket) {
    this.socket = socket
    // One handler for good: an error between two exchanges must not end the process.
    socket.on('error', () => socket.destroy())
  }

  get isOpen(): boolean {
    return !this.socket.destroyed && this.socket.writable && this.socket.readable
  }

  /** A length of four octets, then the message, each way. */
  exchange(request: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const { socket } = this
    this.hasReceived = false
    socket.ref()
    socket.setTimeout(0)
    this.wake()
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

  /** Waits, without keeping the process alive, until it is used again or ended by either side. */
  rest(onClose: () => void): void {
    const { socket } = this
    // Whoever speaks unasked is not believed later.
    const destroy = (): void => void socket.destroy()
    socket.on('close', onClose).on('timeout', destroy).on('data', destroy)
    this.wake = () => socket.off('close', onClose).off('timeout', destroy).off('data', destroy)
    socket.setTimeout(IDLE_FOR)
    socket.unref()
  }

  close(): void {
    this.socket.destroy()
  }
}

type ReplyRead =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'too-long'; readonly length: number }
  | { readonly kind: 'complete'; readonly answer: Uint8Array; readonly excess: boolean }

/** Puts an answer together: its length in four octets, then as many. */
export class ReplyReader {
  private readonly chunks: Uint8Array[] = []
  private received = 0
  private length: number | undefined

  add(chunk: Uint8Array): ReplyRead {
    this.chunks.push(chunk)
    this.received += chunk.length
    if (this.received < 4) return { kind: 'incomplete' }
    this.length ??= Buffer.concat(this.chunks).readUInt32BE(0)
    const { length } = this
    if (length > MAX_REPLY) return { kind: 'too-long', length }
    if (this.received < 4 + length) return { kind: 'incomplete' }
    const all = Buffer.concat(this.chunks)
    return { kind: 'complete', answer: all.subarray(4, 4 + length), excess: this.received > 4 + length }
  }
}

/** Source: RFC 4120 section 7.2.2. */
export function framed(request: Uint8Array): Uint8Array {
  const message = new Uint8Array(4 + request.length)
  new DataView(message.buffer).setUint32(0, request.length)
  message.set(request, 4)
  return message
}
