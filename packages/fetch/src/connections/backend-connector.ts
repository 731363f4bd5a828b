import { tlsServerEndPoint } from '@s4u/gssapi'
import { S4uError } from '@s4u/kdc-client'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { buildConnector } from 'undici'
import { namedTimeout } from './backend-timeout.js'
import { undici } from './undici.js'

/** Opens a tunnel through a proxy to a host and port. */
export type Tunnel = (target: string) => Promise<Socket>

export interface ConnectorOptions {
  /** How long an opened connection waits for the request that it was opened for; milliseconds. */
  readonly keepAlive: number
  readonly tunnel?: Tunnel
}

/**
 * Opens the connections of one identity, and remembers the certificate that each origin showed.
 * Tokens are bound to the last one. If a connection leads to another member of a farm, with another
 * certificate, the backend refuses the token: nothing worse happens.
 */
export class BackendConnector {
  /** The connector for undici's Agent. */
  readonly connect: buildConnector.connector
  readonly #open: buildConnector.connector
  readonly #tunnel: Tunnel | undefined
  readonly #keepAlive: number
  /**
   * The channel bindings by address, in order of their last use; undefined for a certificate that
   * has none.
   */
  readonly #bindings = new Map<string, Uint8Array | undefined>()
  readonly #learning = new Map<string, Promise<void>>()
  /** Connections that were opened to learn the certificate, and carry no request yet. */
  readonly #spare = new Map<string, Socket | TLSSocket>()

  constructor(options: buildConnector.BuildOptions, { keepAlive, tunnel }: ConnectorOptions) {
    this.#open = undici().buildConnector(options)
    this.#keepAlive = keepAlive
    this.#tunnel = tunnel
    this.connect = (options, callback) => {
      const address = addressOf(options)
      const spare = this.#spare.get(address)
      this.#spare.delete(address)
      if (spare === undefined || spare.destroyed || options.protocol !== 'https:') this.#connect(options, callback)
      // undici relies on connections that open later than in the same turn.
      else queueMicrotask(() => callback(null, spare.ref()))
    }
  }

  /**
   * Returns the channel bindings of an origin; undefined over plain HTTP, and for a certificate
   * that has none.
   */
  async bindings(url: URL): Promise<Uint8Array | undefined> {
    if (url.protocol !== 'https:') return undefined
    const address = addressOf(url)
    if (!this.#bindings.has(address)) await this.#learnOnce(url, address)
    const bindings = this.#bindings.get(address)
    if (this.#bindings.delete(address)) this.#bindings.set(address, bindings)
    return bindings
  }

  /** The number of origins whose certificate is remembered. */
  get size(): number {
    return this.#bindings.size
  }

  close(): void {
    for (const socket of this.#spare.values()) socket.destroy()
    this.#spare.clear()
  }

  /**
   * Learns a certificate once for all requests that wait for it. If each request opened a
   * connection, there would be more than the app allows.
   */
  #learnOnce(url: URL, address: string): Promise<void> {
    const underWay = this.#learning.get(address)
    if (underWay !== undefined) return underWay
    const learning = this.#learn(url, address).finally(() => this.#learning.delete(address))
    this.#learning.set(address, learning)
    return learning
  }

  /**
   * Opens a connection, which shows the certificate and then carries the next request. Fails as
   * Node's fetch would fail.
   */
  async #learn({ hostname: bracketed, host, protocol, port }: URL, address: string): Promise<void> {
    const hostname = bracketed.replace(/^\[|\]$/g, '')
    const socket = await new Promise<Socket>((resolve, reject) => {
      this.#connect({ hostname, host, protocol, port }, (error, opened) =>
        error ? reject(notConnected(error, `${protocol}//${host}`)) : resolve(opened),
      )
    })
    this.#spare.get(address)?.destroy()
    this.#spare.set(address, socket)
    // Nothing reads this socket yet. Without a listener an error on it would end the process.
    socket
      .on('error', () => {})
      .once('close', () => {
        if (this.#spare.get(address) === socket) this.#spare.delete(address)
      })
    socket.unref()
    // The request that the connection was opened for may have been cancelled.
    setTimeout(() => {
      if (this.#spare.get(address) === socket) socket.destroy()
    }, this.#keepAlive).unref()
  }

  /**
   * Remembers the hash of a certificate, and not the certificate, whose length the backend chooses.
   */
  #remember(address: string, certificate: Uint8Array): void {
    this.#bindings.delete(address)
    this.#bindings.set(address, endPointOf(certificate))
    if (this.#bindings.size <= MAX_ORIGINS) return
    for (const oldest of this.#bindings.keys()) {
      this.#bindings.delete(oldest)
      break
    }
  }

  #connect(options: buildConnector.Options, callback: buildConnector.Callback): void {
    const address = addressOf(options)
    const done: buildConnector.Callback = (...result) => {
      const [, socket] = result
      if (socket instanceof TLSSocket) {
        const { raw } = socket.getPeerCertificate()
        // A resumed TLS session may show no certificate; it is the one from when the session began.
        if (raw !== undefined) this.#remember(address, raw)
      }
      callback(...result)
    }
    if (this.#tunnel === undefined || options.protocol !== 'https:') this.#open(options, done)
    else
      this.#tunnel(address).then(
        (httpSocket) => this.#open({ ...options, httpSocket }, done),
        (error: Error) => callback(error, null),
      )
  }
}

/**
 * Returns the error that Node's fetch would throw, or a BackendTimeoutError where the connection
 * took too long.
 */
function notConnected(error: Error, origin: string): Error {
  const named = namedTimeout(error, origin)
  return named === error ? new TypeError('fetch failed', { cause: error }) : named
}

/** Returns undefined for a certificate whose signature names no hash. */
function endPointOf(certificate: Uint8Array): Uint8Array | undefined {
  try {
    return tlsServerEndPoint(certificate)
  } catch (error) {
    if (S4uError.is(error)) return undefined
    throw error
  }
}

/**
 * The number of origins whose bindings are remembered for one identity, 64 octets each: as many as
 * undici keeps TLS sessions of. The certificate of any other origin is learned again.
 */
export const MAX_ORIGINS = 100

/**
 * Returns `api.ad.test:443` or `[::1]:8443`. undici gives IPv6 addresses without brackets, a URL
 * has them with brackets.
 */
function addressOf({
  hostname,
  protocol,
  port,
}: Pick<buildConnector.Options, 'hostname' | 'protocol' | 'port'>): string {
  const host = hostname.includes(':') && !hostname.startsWith('[') ? `[${hostname}]` : hostname
  return `${host}:${port === '' || port === undefined ? (protocol === 'https:' ? '443' : '80') : port}`
}
