import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { formatKdcAddress, type KdcAddress } from '../configuration/kdc-address.js'
import { KRB_ERROR_TAG } from '../errors/krb-error.js'

/**
 * The most idle sockets to one KDC. It is the number of requests that may be on the way to a realm,
 * so that a burst of requests opens no more.
 */
const MAX_IDLE = 16

/** How long an idle socket waits for the next request; milliseconds. */
const IDLE_FOR = 10_000

/**
 * The longest use of one socket; milliseconds. The name of a KDC may get another address, and so
 * may this machine.
 */
const MAX_AGE = 60_000

/** Callbacks of a request that waits for its answer. */
export interface UdpWait {
  /**
   * Called with each KRB-ERROR, which anybody can have forged; the wait goes on. Without this
   * callback a KRB-ERROR is an answer.
   */
  readonly onRefusal?: (error: Uint8Array) => void
  /** Called with a function that sends the same datagram again, on the same socket. */
  readonly onSent?: (sendAgain: () => void) => void
}

/**
 * Exchanges datagrams with KDCs, and uses sockets again, since to open one costs more than the rest
 * of the exchange. A socket has one request at a time. A socket is used again only after a reply:
 * a late answer to an abandoned request must not reach another request. After a KRB-ERROR it is not
 * used again, because a KRB-ERROR does not tell which request it belongs to. A reply that the
 * network delivers twice is recognized because it is equal to the last one; an earlier reply has
 * another nonce. Source: RFC 4120 section 7.2.1.
 */
export class UdpSockets {
  readonly #idle = new Map<string, UdpSocket[]>()

  async exchange(
    address: KdcAddress,
    request: Uint8Array,
    signal: AbortSignal,
    wait: UdpWait = {},
  ): Promise<Uint8Array> {
    signal.throwIfAborted()
    const key = formatKdcAddress(address)
    const kept = this.#take(key)
    const answer = kept && (await this.#tryKept(kept, key, request, signal, wait))
    if (answer !== undefined) return answer
    const fresh = new UdpSocket(address)
    return this.#keep(key, fresh, await fresh.exchange(request, signal, wait))
  }

  /** Closes the sockets that are open and idle. */
  close(): void {
    for (const sockets of this.#idle.values()) for (const socket of sockets) socket.close()
    this.#idle.clear()
  }

  /**
   * Returns undefined if the request must be sent again: the failure may be an old one, for example
   * of a network that this machine has left.
   */
  async #tryKept(
    kept: UdpSocket,
    key: string,
    request: Uint8Array,
    signal: AbortSignal,
    wait: UdpWait,
  ): Promise<Uint8Array | undefined> {
    const { lastAnswer } = kept
    try {
      const answer = await kept.exchange(request, signal, wait)
      if (lastAnswer === undefined || Buffer.compare(answer, lastAnswer) !== 0) return this.#keep(key, kept, answer)
      kept.close()
    } catch (error) {
      if (signal.aborted) throw error
    }
    return undefined
  }

  #take(key: string): UdpSocket | undefined {
    const sockets = this.#idle.get(key)
    for (let socket = sockets?.pop(); socket; socket = sockets?.pop()) {
      if (socket.isUsable) return socket
      socket.close()
    }
    this.#idle.delete(key)
    return undefined
  }

  #keep(key: string, socket: UdpSocket, answer: Uint8Array): Uint8Array {
    const sockets = this.#idle.get(key) ?? []
    if (socket.hasRefused || answer[0] === KRB_ERROR_TAG || sockets.length >= MAX_IDLE) socket.close()
    else {
      sockets.push(socket)
      this.#idle.set(key, sockets)
      socket.rest()
    }
    return answer
  }
}

/**
 * A connected socket: the system drops datagrams from other addresses, and reports a closed port at
 * once.
 */
class UdpSocket {
  lastAnswer: Uint8Array | undefined
  /** A KRB-ERROR came on this socket, and others may be on the way. */
  hasRefused = false
  #onRefusal: UdpWait['onRefusal']
  readonly #address: KdcAddress
  readonly #socket: Socket
  readonly #until = performance.now() + MAX_AGE
  readonly #idleTimer: NodeJS.Timeout
  #isConnected = false
  #isOpen = true
  /** Ends the wait for the answer. */
  #settle: ((outcome: Outcome) => void) | undefined

  constructor(address: KdcAddress) {
    this.#address = address
    this.#socket = createSocket(isIPv6(address.host) ? 'udp6' : 'udp4')
    this.#socket.on('error', (error) => this.#fail(error))
    this.#socket.on('message', (answer) => this.#receive(answer))
    this.#idleTimer = setTimeout(() => this.#settle ?? this.close(), IDLE_FOR).unref()
  }

  get isUsable(): boolean {
    return this.#isOpen && performance.now() < this.#until
  }

  exchange(request: Uint8Array, signal: AbortSignal, { onRefusal, onSent }: UdpWait): Promise<Uint8Array> {
    this.#onRefusal = onRefusal
    return new Promise<Uint8Array>((resolve, reject) => {
      const abort = (): void => this.#fail(signal.reason)
      signal.addEventListener('abort', abort, { once: true })
      this.#settle = (outcome) => {
        this.#settle = undefined
        signal.removeEventListener('abort', abort)
        if ('answer' in outcome) resolve(outcome.answer)
        else reject(outcome.reason)
      }
      this.#send(request)
      onSent?.(() => this.#isConnected && this.#settle && this.#socket.send(request))
    })
  }

  /**
   * Waits for the next use, or for the end of the idle time, and does not keep the process alive.
   */
  rest(): void {
    this.#idleTimer.refresh()
    this.#socket.unref()
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    clearTimeout(this.#idleTimer)
    this.#socket.close()
  }

  #send(request: Uint8Array): void {
    const socket = this.#socket
    const address = this.#address
    if (this.#isConnected) {
      socket.ref()
      return socket.send(request)
    }
    // The error of a name that does not resolve goes to this callback, not to the listener.
    return socket.connect(address.port, address.host, (failure?: Error) => {
      if (failure) return this.#fail(failure)
      this.#isConnected = true
      return this.#isOpen ? socket.send(request) : undefined
    })
  }

  #receive(answer: Uint8Array): void {
    if (answer[0] === KRB_ERROR_TAG && this.#settle && this.#onRefusal) {
      this.hasRefused = true
      return this.#onRefusal(answer)
    }
    this.lastAnswer = answer
    if (this.#settle) this.#settle({ answer })
    // A KDC sends nothing unasked, so the socket is not used any more.
    else this.close()
  }

  #fail(reason: unknown): void {
    this.close()
    this.#settle?.({ reason })
  }
}

type Outcome = { readonly answer: Uint8Array } | { readonly reason: unknown }
