import { MalformedTokenError } from '@s4u/krb5'
import { isIP } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import type { AccessAnswer } from './access-answer.js'
import type { RadiusExchange } from './pending-request.js'
import { PendingRequests } from './pending-requests.js'
import type { RadiusServer } from './radius-options.js'
import { packetLengthOf } from './radius-packet.js'
import { IDLE_FOR, MAX_AGE, type RadiusSocket } from './radius-socket.js'
import type { RadiusTlsSettings } from './tls-options.js'

/** The longest wait for a connection and its handshake; milliseconds. */
const CONNECT_TIME = 10_000

/**
 * A connection over TLS to one server, whose certificate and name have been checked. RFC 6614. A
 * packet says its own length; after one that cannot be there is no next, so the connection ends.
 *
 * It carries one request at a time: FreeRADIUS (3.2.1) takes all that it reads at once for one
 * packet, and ends the connection where that is two.
 */
export class TlsRadiusSocket implements RadiusSocket {
  readonly #socket: TLSSocket
  readonly #pending: PendingRequests
  readonly #until = performance.now() + MAX_AGE
  readonly #idleTimer: NodeJS.Timeout
  #received: Uint8Array = new Uint8Array()
  #isOpen = true

  private constructor(socket: TLSSocket) {
    this.#socket = socket
    this.#pending = new PendingRequests({
      send: (bytes) => void socket.write(bytes),
      onBusy: () => socket.ref(),
      onIdle: () => this.#rest(),
    })
    socket.on('data', (octets: Uint8Array) => this.#take(octets))
    socket.on('error', (error) => this.close(error))
    socket.on('close', () => this.close(new Error('the server has ended the connection')))
    socket.unref()
    this.#idleTimer = setTimeout(() => this.#pending.isEmpty && this.close(), IDLE_FOR).unref()
  }

  /**
   * @throws what Node reports: ECONNREFUSED, a certificate that is not trusted or of another name
   */
  static async connect(
    { host, port }: RadiusServer,
    { serverName, connections: _most, ...settings }: RadiusTlsSettings,
  ): Promise<RadiusSocket> {
    const name = serverName ?? (isIP(host) === 0 ? host : undefined)
    const socket = connect({
      ...{ host, port, ...settings, minVersion: 'TLSv1.2' },
      // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
      rejectUnauthorized: true,
      ...(name !== undefined && { servername: name }),
    })
    socket.setNoDelay(true)
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('secureConnect', resolve).once('error', reject)
        socket.setTimeout(CONNECT_TIME, () => reject(new Error('no TLS connection in time')))
        socket.once('close', () => reject(new Error('the server has ended the handshake')))
      })
    } catch (error) {
      // What comes after is of no interest, and must not end the process.
      socket.removeAllListeners().on('error', () => {})
      socket.destroy()
      throw error
    }
    socket.setTimeout(0)
    socket.removeAllListeners('error').removeAllListeners('close').removeAllListeners('timeout')
    return new TlsRadiusSocket(socket)
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  get hasRoom(): boolean {
    return this.#isOpen && this.#pending.isEmpty && performance.now() < this.#until
  }

  exchange(exchange: RadiusExchange): Promise<AccessAnswer | undefined> {
    return this.#pending.exchange(exchange)
  }

  close(reason?: unknown): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    clearTimeout(this.#idleTimer)
    this.#socket.destroy()
    this.#pending.fail(reason)
  }

  /** Takes octets of the stream, which may be parts of a packet, or several. */
  #take(octets: Uint8Array): void {
    this.#received = this.#received.length === 0 ? octets : Buffer.concat([this.#received, octets])
    try {
      while (this.#isOpen) {
        const length = packetLengthOf(this.#received)
        if (length === undefined || this.#received.length < length) return
        const packet = this.#received.subarray(0, length)
        this.#received = this.#received.subarray(length)
        this.#pending.receive(packet)
      }
    } catch (error) {
      if (!(error instanceof MalformedTokenError)) throw error
      this.close(error)
    }
  }

  #rest(): void {
    if (!this.#isOpen) return
    this.#socket.unref()
    this.#idleTimer.refresh()
  }
}
