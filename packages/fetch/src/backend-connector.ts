import { tlsServerEndPoint } from '@s4u/gssapi'
import { S4uError } from '@s4u/kdc-client'
import type { Socket } from 'node:net'
import { type ConnectionOptions, TLSSocket } from 'node:tls'
import { buildConnector } from 'undici'

/** Opens a way through a proxy to a host and port. */
export type Tunnel = (target: string) => Promise<Socket>

/**
 * Opens the connections of one identity, and remembers which certificate each origin showed. Tokens are bound to the latest: should
 * a connection be to another member of a farm with a certificate of its own, the backend refuses the token, and nothing worse.
 */
export class BackendConnector {
  /** For undici's Agent. */
  readonly connect: buildConnector.connector
  readonly #open: buildConnector.connector
  readonly #tunnel: Tunnel | undefined
  readonly #certificates = new Map<string, Uint8Array>()
  /** Opened to learn the certificate, and not in use yet. */
  readonly #spare = new Map<string, Socket | TLSSocket>()

  constructor(tls: ConnectionOptions, tunnel?: Tunnel) {
    this.#open = buildConnector({ timeout: CONNECT_TIMEOUT, ...tls })
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

  /** The application data of the channel to an origin; undefined over plain HTTP, and for certificates that have none. */
  async bindings(url: URL): Promise<Uint8Array | undefined> {
    if (url.protocol !== 'https:') return undefined
    const address = addressOf(url)
    const certificate = this.#certificates.get(address) ?? (await this.#learn(url, address))
    try {
      return certificate && tlsServerEndPoint(certificate)
    } catch (error) {
      if (S4uError.is(error)) return undefined
      throw error
    }
  }

  close(): void {
    for (const socket of this.#spare.values()) socket.destroy()
    this.#spare.clear()
  }

  /** A connection shows the certificate, and is then the next one that is used. Fails as the platform's fetch would. */
  async #learn({ hostname: bracketed, host, protocol, port }: URL, address: string): Promise<Uint8Array | undefined> {
    const hostname = bracketed.replace(/^\[|\]$/g, '')
    const socket = await new Promise<Socket>((resolve, reject) => {
      this.#connect({ hostname, host, protocol, port }, (error, opened) =>
        error ? reject(new TypeError('fetch failed', { cause: error })) : resolve(opened),
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
    return this.#certificates.get(address)
  }

  #connect(options: buildConnector.Options, callback: buildConnector.Callback): void {
    const address = addressOf(options)
    const done: buildConnector.Callback = (...result) => {
      const [, socket] = result
      if (socket instanceof TLSSocket) {
        const { raw } = socket.getPeerCertificate()
        // A resumed session may show none; it is the one that was shown when the session began.
        if (raw !== undefined) this.#certificates.set(address, Uint8Array.from(raw))
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

/** For one connection to be there, TLS included; milliseconds. */
const CONNECT_TIMEOUT = 10_000

/** `api.ad.test:443`, `[::1]:8443`: undici has taken the brackets off, URLs have them. */
function addressOf({
  hostname,
  protocol,
  port,
}: Pick<buildConnector.Options, 'hostname' | 'protocol' | 'port'>): string {
  const host = hostname.includes(':') && !hostname.startsWith('[') ? `[${hostname}]` : hostname
  return `${host}:${port === '' || port === undefined ? (protocol === 'https:' ? '443' : '80') : port}`
}
