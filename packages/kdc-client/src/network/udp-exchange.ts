import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { formatKdcAddress, type KdcAddress } from '../configuration/kdc-address.js'
import { KRB_ERROR_TAG } from '../errors/krb-error.js'

/**
 * Sockets kept open to one KDC: as many as there may be requests on their way to a realm, so that a
 * crowd makes no more of them.
 */
const MAX_IDLE = 16

/** How long an open socket waits for the next request, milliseconds. */
const IDLE_FOR = 10_000

/**
 * The name of a KDC may come to mean another address, and this machine may get another one, so no
 * socket is used for longer than this.
 */
const MAX_AGE = 60_000

/** What becomes of a request while it waits for its answer. */
export interface UdpWait {
  /**
   * Hears each KRB-ERROR, which anybody can have written: the wait goes on. Without it a KRB-ERROR
   * is an answer.
   */
  readonly onRefusal?: (error: Uint8Array) => void
  /** Is given what sends the same datagram again, on the same socket. */
  readonly onSent?: (sendAgain: () => void) => void
}

/**
 * Datagrams to KDCs and back. Opening a socket costs more than the rest of the way, so it is used
 * again, by one request at a time, and only after a reply: what comes late to a request that was
 * given up meets no other. Neither does a refusal, which nothing ties to its request. A reply that
 * the network delivers twice may, and is known by being the same; one from before that has another
 * nonce. Source: RFC 4120 section 7.2.1.
 */
export class UdpSockets {
  private readonly idle = new Map<string, UdpSocket[]>()

  async exchange(
    address: KdcAddress,
    request: Uint8Array,
    signal: AbortSignal,
    wait: UdpWait = {},
  ): Promise<Uint8Array> {
    signal.throwIfAborted()
    const key = formatKdcAddress(address)
    const kept = this.take(key)
    const answer = kept && (await this.tryKept(kept, key, request, signal, wait))
    if (answer !== undefined) return answer
    const fresh = new UdpSocket(address)
    return this.keep(key, fresh, await fresh.exchange(request, signal, wait))
  }

  /** Closes what is open and idle. */
  close(): void {
    for (const sockets of this.idle.values()) for (const socket of sockets) socket.close()
    this.idle.clear()
  }

  /**
   * Undefined when the request is to be sent again: what went wrong may be long past, as a network
   * that this machine has left.
   */
  private async tryKept(
    kept: UdpSocket,
    key: string,
    request: Uint8Array,
    signal: AbortSignal,
    wait: UdpWait,
  ): Promise<Uint8Array | undefined> {
    const { lastAnswer } = kept
    try {
      const answer = await kept.exchange(request, signal, wait)
      if (lastAnswer === undefined || Buffer.compare(answer, lastAnswer) !== 0) return this.keep(key, kept, answer)
      kept.close()
    } catch (error) {
      if (signal.aborted) throw error
    }
    return undefined
  }

  private take(key: string): UdpSocket | undefined {
    const sockets = this.idle.get(key)
    for (let socket = sockets?.pop(); socket; socket = sockets?.pop()) {
      if (socket.isUsable) return socket
      socket.close()
    }
    this.idle.delete(key)
    return undefined
  }

  private keep(key: string, socket: UdpSocket, answer: Uint8Array): Uint8Array {
    const sockets = this.idle.get(key) ?? []
    if (socket.hasRefused || answer[0] === KRB_ERROR_TAG || sockets.length >= MAX_IDLE) socket.close()
    else {
      sockets.push(socket)
      this.idle.set(key, sockets)
      socket.rest()
    }
    return answer
  }
}

/** Connected, so that answers of others are dropped and a closed port is noticed at once. */
class UdpSocket {
  lastAnswer: Uint8Array | undefined
  /** A KRB-ERROR came by it: there may be more on the way. */
  hasRefused = false
  private onRefusal: UdpWait['onRefusal']
  private readonly address: KdcAddress
  private readonly socket: Socket
  private readonly until = performance.now() + MAX_AGE
  private readonly idleTimer: NodeJS.Timeout
  private isConnected = false
  private isOpen = true
  /** Ends the wait for the answer. */
  private settle: ((outcome: Outcome) => void) | undefined

  constructor(address: KdcAddress) {
    this.address = address
    this.socket = createSocket(isIPv6(address.host) ? 'udp6' : 'udp4')
    this.socket.on('error', (error) => this.fail(error))
    this.socket.on('message', (answer) => this.receive(answer))
    this.idleTimer = setTimeout(() => this.settle ?? this.close(), IDLE_FOR).unref()
  }

  get isUsable(): boolean {
    return this.isOpen && performance.now() < this.until
  }

  exchange(request: Uint8Array, signal: AbortSignal, { onRefusal, onSent }: UdpWait): Promise<Uint8Array> {
    this.onRefusal = onRefusal
    return new Promise<Uint8Array>((resolve, reject) => {
      const abort = (): void => this.fail(signal.reason)
      signal.addEventListener('abort', abort, { once: true })
      this.settle = (outcome) => {
        this.settle = undefined
        signal.removeEventListener('abort', abort)
        if ('answer' in outcome) resolve(outcome.answer)
        else reject(outcome.reason)
      }
      this.send(request)
      onSent?.(() => this.isConnected && this.settle && this.socket.send(request))
    })
  }

  /**
   * Waits, without keeping the process alive, until it is used again or has been idle for too long.
   */
  rest(): void {
    this.idleTimer.refresh()
    this.socket.unref()
  }

  close(): void {
    if (!this.isOpen) return
    this.isOpen = false
    clearTimeout(this.idleTimer)
    this.socket.close()
  }

  private send(request: Uint8Array): void {
    const { socket, address } = this
    if (this.isConnected) {
      socket.ref()
      return socket.send(request)
    }
    // A name that does not resolve is told to the callback, not to the listener.
    return socket.connect(address.port, address.host, (failure?: Error) => {
      if (failure) return this.fail(failure)
      this.isConnected = true
      return this.isOpen ? socket.send(request) : undefined
    })
  }

  private receive(answer: Uint8Array): void {
    if (answer[0] === KRB_ERROR_TAG && this.settle && this.onRefusal) {
      this.hasRefused = true
      return this.onRefusal(answer)
    }
    this.lastAnswer = answer
    if (this.settle) this.settle({ answer })
    // Whoever speaks unasked is not believed later.
    else this.close()
  }

  private fail(reason: unknown): void {
    this.close()
    this.settle?.({ reason })
  }
}

type Outcome = { readonly answer: Uint8Array } | { readonly reason: unknown }
