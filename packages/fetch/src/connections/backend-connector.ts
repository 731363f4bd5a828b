import { tlsServerEndPoint } from '@s4u/gssapi'
import { S4uError } from '@s4u/kdc-client'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { buildConnector } from 'undici'
import { namedTimeout } from './backend-timeout.js'

/** Opens a way through a proxy to a host and port. */
export type Tunnel = (target: string) => Promise<Socket>

export interface ConnectorOptions {
  /** For how long a connection waits for the request that it was opened for; milliseconds. */
  readonly keepAlive: number
  readonly tunnel?: Tunnel
}

/**
 * Opens the connections of one identity, and remembers which certificate each origin showed. Tokens
 * are bound to the latest: should a connection be to another member of a farm with a certificate of
 * its own, the backend refuses the token, and nothing worse.
 */
export class BackendConnector {
  /** For undici's Agent. */
  readonly connect: buildConnector.connector
  readonly #open: buildConnector.connector
  readonly #tunnel: Tunnel | undefined
  readonly #keepAlive: number
  /**
   * What tokens are bound to, by address; undefined for a certificate that gives nothing. In order
   * of their last use.
   */
  readonly #bindings = new Map<string, Uint8Array | undefined>()
  readonly #learning = new Map<string, Promise<void>>()
  /** Opened to learn the certificate, and not in use yet. */
  readonly #spare = new Map<string, Socket | TLSSocket>()

  constructor(options: buildConnector.BuildOptions, { keepAlive, tunnel }: ConnectorOptions) {
    this.#open = buildConnector(options)
    this.#keepAlive = keepAlive
    this.#tunnel = tunnel
    this.connect = (options, callback) => {
      const address = addressOf(options)
      const spare = this.#spare.get(address)
      this.#spare.delete(address)
      if (spare === undefined || spare.destroyed || options.protocol !== 'https:') this.#connect(options, callback)
      // Connections are never there at once, and undici relies on that.
      else queueMicrotask(() => callback(null, spare.ref()))
    }
  }

  /**
   * The application data of the channel to an origin; undefined over plain HTTP, and for
   * certificates that have none.
   */
  async bindings(url: URL): Promise<Uint8Array | undefined> {
    if (url.protocol !== 'https:') return undefined
    const address = addressOf(url)
    if (!this.#bindings.has(address)) await this.#learnOnce(url, address)
    const bindings = this.#bindings.get(address)
    if (this.#bindings.delete(address)) this.#bindings.set(address, bindings)
    return bindings
  }

  /** How many origins are remembered here. */
  get size(): number {
    return this.#bindings.size
  }

  close(): void {
    for (const socket of this.#spare.values()) socket.destroy()
    this.#spare.clear()
  }

  /**
   * However many requests want to know: each connection that one of them opened would be beyond
   * what the app allows.
   */
  #learnOnce(url: URL, address: string): Promise<void> {
    const underWay = this.#learning.get(address)
    if (underWay !== undefined) return underWay
    const learning = this.#learn(url, address).finally(() => this.#learning.delete(address))
    this.#learning.set(address, learning)
    return learning
  }

  /**
   * A connection shows the certificate, and is then the next one that is used. Fails as the
   * platform's fetch would.
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
    // Nobody reads it yet: without a listener its end would end the process.
    socket
      .on('error', () => {})
      .once('close', () => {
        if (this.#spare.get(address) === socket) this.#spare.delete(address)
      })
    socket.unref()
    // The request that it was opened for may have been given up.
    setTimeout(() => {
      if (this.#spare.get(address) === socket) socket.destroy()
    }, this.#keepAlive).unref()
  }

  /**
   * Not the certificate: what is bound to is a hash of it, and the backend chooses how long that
   * one is.
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
        // A resumed session may show none; it is the one that was shown when the session began.
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

/** As the platform's fetch would fail, or as one that took too long. */
function notConnected(error: Error, origin: string): Error {
  const named = namedTimeout(error, origin)
  return named === error ? new TypeError('fetch failed', { cause: error }) : named
}

/** Undefined for a certificate whose signature names no hash. */
function endPointOf(certificate: Uint8Array): Uint8Array | undefined {
  try {
    return tlsServerEndPoint(certificate)
  } catch (error) {
    if (S4uError.is(error)) return undefined
    throw error
  }
}

/**
 * Origins that one identity's tokens are bound to, in 64 octets each; as many as undici keeps TLS
 * sessions of. Others are learnt anew.
 */
export const MAX_ORIGINS = 100

/** `api.ad.test:443`, `[::1]:8443`: undici has taken the brackets off, URLs have them. */
function addressOf({
  hostname,
  protocol,
  port,
}: Pick<buildConnector.Options, 'hostname' | 'protocol' | 'port'>): string {
  const host = hostname.includes(':') && !hostname.startsWith('[') ? `[${hostname}]` : hostname
  return `${host}:${port === '' || port === undefined ? (protocol === 'https:' ? '443' : '80') : port}`
}
