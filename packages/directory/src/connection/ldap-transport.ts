import { RejectedTokenError } from '@s4u/krb5'
import type { SecurityLayer } from '@s4u/sasl'
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls, type SecureContextOptions, type TLSSocket } from 'node:tls'
import { MAX_MESSAGE_OCTETS, MessageSplitter } from '../ldap/message-splitter.js'

/** Where a server listens. */
export interface TransportAddress {
  /** The name that its certificate and its service principal name have. */
  readonly host: string
  /** The IP address to connect to. */
  readonly address: string
  readonly port: number
}

/** Which certificates are believed. */
export interface TransportTrust {
  readonly ca?: SecureContextOptions['ca']
}

/** What the owner of a transport is told. */
export interface TransportEvents {
  message(octets: Uint8Array): void
  /** Nothing comes after it. */
  closed(reason: Error): void
}

/** Messages over a socket: in clear text, in TLS, or in the security layer of SASL. */
export class LdapTransport {
  readonly #address: TransportAddress
  #socket: Socket
  #splitter = new MessageSplitter()
  #layer: SecurityLayer | undefined
  #events: TransportEvents | undefined
  #reason: Error | undefined

  private constructor(socket: Socket, address: TransportAddress) {
    this.#socket = socket
    this.#address = address
    this.#listen(socket)
  }

  /** @throws whatever the socket or the signal says */
  static async open(address: TransportAddress, signal: AbortSignal): Promise<LdapTransport> {
    const socket = connect({ host: address.address, port: address.port, noDelay: true })
    await untilEvent(socket, 'connect', signal)
    return new LdapTransport(socket, address)
  }

  set events(events: TransportEvents) {
    this.#events = events
    if (this.#reason !== undefined) events.closed(this.#reason)
  }

  get isOpen(): boolean {
    return this.#reason === undefined
  }

  /** The certificate of the server, DER; undefined without TLS. */
  get certificate(): Uint8Array | undefined {
    return isTls(this.#socket) ? this.#socket.getPeerCertificate().raw : undefined
  }

  get isEncrypted(): boolean {
    return this.#layer !== undefined || isTls(this.#socket)
  }

  send(message: Uint8Array): void {
    this.#socket.write(this.#layer === undefined ? message : this.#layer.seal(message))
  }

  /**
   * Everything after this goes through the layer.
   * @throws RejectedTokenError where something came already
   */
  protect(layer: SecurityLayer): void {
    this.#requireNothingPending()
    this.#layer = layer
    this.#splitter.limit = MAX_MESSAGE_OCTETS
  }

  /** The server has proven itself in TLS. */
  allowLongMessages(): void {
    this.#splitter.limit = MAX_MESSAGE_OCTETS
  }

  /**
   * RFC 4511 section 4.14.
   * @throws RejectedTokenError, and whatever is wrong with the certificate
   */
  async startTls(trust: TransportTrust, signal: AbortSignal): Promise<void> {
    // An attacker can put clear text behind the answer, which would be read as if it had come
    // through TLS.
    this.#requireNothingPending()
    const plain = this.#socket
    plain.ref()
    plain.removeAllListeners('data').removeAllListeners('close').removeAllListeners('error')
    const { host } = this.#address
    const socket = connectTls({
      socket: plain,
      // Without it Node compares the certificate with "localhost" where there is no server name.
      host,
      ...(isIP(host) === 0 && { servername: host }),
      ...trust,
      minVersion: 'TLSv1.2',
      rejectUnauthorized: true,
    })
    this.#socket = socket
    await untilEvent(socket, 'secureConnect', signal)
    this.#listen(socket)
  }

  /** Whether the connection keeps the process alive. */
  hold(isHeld: boolean): void {
    if (isHeld) this.#socket.ref()
    else this.#socket.unref()
  }

  close(reason: Error): void {
    if (this.#reason !== undefined) return
    this.#reason = reason
    this.#socket.destroy()
    this.#events?.closed(reason)
  }

  #listen(socket: Socket): void {
    socket.on('data', (chunk: Uint8Array) => this.#receive(chunk))
    socket.on('error', (error) => this.close(error))
    socket.on('close', () => this.close(new Error('the server closed the connection')))
  }

  #receive(chunk: Uint8Array): void {
    try {
      if (this.#layer === undefined) this.#splitter.push(chunk)
      else this.#unseal(this.#layer, chunk)
      this.#handOver()
    } catch (error) {
      this.close(error instanceof Error ? error : new Error('the server sent something that cannot be read'))
    }
  }

  #unseal(layer: SecurityLayer, chunk: Uint8Array): void {
    layer.push(chunk)
    for (let data = layer.next(); data !== undefined; data = layer.next()) this.#splitter.push(data)
  }

  #handOver(): void {
    for (let message = this.#splitter.next(); message !== undefined; message = this.#splitter.next()) {
      if (this.#reason !== undefined) return
      this.#events?.message(message)
    }
  }

  #requireNothingPending(): void {
    if (this.#splitter.pending === 0) return
    throw new RejectedTokenError('the server sent more in clear text behind the answer that ends it', {
      code: 'protocolError',
      status: 502,
    })
  }
}

function isTls(socket: Socket): socket is TLSSocket {
  return 'encrypted' in socket && socket.encrypted === true
}

/** Rejects and destroys the socket on an error, or when the signal aborts. */
function untilEvent(socket: Socket, event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void): void => {
      socket.off(event, onEvent).off('error', onError).off('close', onClose)
      signal.removeEventListener('abort', onAbort)
      end()
    }
    const fail = (error: unknown): void => {
      // Without this listener, a later error of the socket would end the process.
      socket.on('error', () => {}).destroy()
      settle(() => reject(error))
    }
    const onEvent = (): void => settle(resolve)
    const onError = (error: Error): void => fail(error)
    const onClose = (): void => fail(new Error('the server closed the connection'))
    const onAbort = (): void => fail(signal.reason)
    socket.on(event, onEvent).on('error', onError).on('close', onClose)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
  })
}
