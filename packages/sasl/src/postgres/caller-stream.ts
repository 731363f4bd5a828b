import { ConfigurationError } from '@s4u/krb5'
import { connect, isIP, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import type { ConnectionOptions } from 'node:tls'
import type { ContextSource } from '../caller.js'
import type { AuthenticationPhase } from './authentication-phase.js'
import { HandshakeReader, timedOut } from '../layer/handshake-reader.js'
import type { PostgresChannel } from './gss-encryption.js'
import { openChannel } from './open-channel.js'

/** Checked options of a stream. */
export interface CallerStreamSettings {
  readonly as: ContextSource
  readonly service: string | undefined
  readonly encryption: 'gss' | 'tls' | 'none'
  readonly tls: ConnectionOptions
  readonly timeLimit: number
}

/**
 * A connection to PostgreSQL, as its drivers expect one of `node:net`: `connect` is emitted when
 * the handshake is done. What is written is encrypted, and what can be read is decrypted.
 */
export class CallerStream extends Duplex {
  readonly #settings: CallerStreamSettings
  readonly #abort = new AbortController()
  #socket: Socket | undefined
  #channel: PostgresChannel | undefined
  #authentication: AuthenticationPhase | undefined
  #isUnwritten = true
  #isRef = true

  constructor(settings: CallerStreamSettings) {
    super({ allowHalfOpen: false })
    this.#settings = settings
  }

  /** As of a socket of `node:net`. */
  get readyState(): string {
    if (this.destroyed) return 'closed'
    return this.#channel === undefined ? 'opening' : 'open'
  }

  connect(port: number | string, host?: string): this {
    this.#open(port, host).catch((error: Error) => this.destroy(error))
    return this
  }

  setNoDelay(isOn?: boolean): this {
    this.#socket?.setNoDelay(isOn)
    return this
  }

  setKeepAlive(isOn?: boolean, delay?: number): this {
    this.#socket?.setKeepAlive(isOn, delay)
    return this
  }

  ref(): this {
    this.#isRef = true
    this.#socket?.ref()
    return this
  }

  unref(): this {
    this.#isRef = false
    this.#socket?.unref()
    return this
  }

  override _read(): void {
    this.#socket?.resume()
  }

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error) => void): void {
    const [socket, channel] = [this.#socket, this.#channel]
    if (socket === undefined || channel === undefined)
      return done(new ConfigurationError('the stream is written to before it is connected'))
    try {
      if (this.#isUnwritten) refuseSslRequest(chunk)
      this.#isUnwritten = false
      // The memory of a long COPY is the server's concern: it waits until the socket takes more.
      if (socket.write(channel.seal(chunk))) done()
      else socket.once('drain', done)
    } catch (error) {
      done(asError(error))
    }
  }

  override _final(done: (error?: Error) => void): void {
    if (this.#socket === undefined) done()
    else this.#socket.end(() => done())
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#abort.abort(error ?? new Error('the connection was closed here'))
    this.#socket?.destroy()
    done(error)
  }

  async #open(port: number | string, host: string | undefined): Promise<void> {
    const { as, service, timeLimit, encryption } = this.#settings
    const spn = service ?? spnOf(port, host)
    const timer = setTimeout(() => this.destroy(timedOut(spn, timeLimit)), timeLimit)
    const { signal } = this.#abort
    try {
      // Where the user may not be acted for, no server hears of it.
      const framing = encryption === 'gss' ? 'krb5' : 'spnego'
      const initiator = await as.contextFor(spn, { framing, signal })
      signal.throwIfAborted()
      const socket = await this.#connectSocket(Number(port), String(host))
      const opened = await openChannel(socket, { ...this.#settings, host: String(host), spn, initiator, signal })
      signal.throwIfAborted()
      this.#listen(opened.socket, opened.channel, opened.authentication)
    } finally {
      clearTimeout(timer)
    }
  }

  async #connectSocket(port: number, host: string): Promise<Socket> {
    const socket = connect({ port, host, noDelay: true })
    this.#socket = socket
    await HandshakeReader.untilConnected(socket)
    if (!this.#isRef) socket.unref()
    return socket
  }

  #listen(socket: Socket, channel: PostgresChannel, authentication: AuthenticationPhase): void {
    this.#socket = socket
    this.#channel = channel
    this.#authentication = authentication
    socket.on('data', (chunk: Uint8Array) => this.#receive(chunk))
    socket.on('end', () => this.push(null))
    socket.on('error', (error) => this.destroy(error))
    socket.on('close', () => this.destroy())
    this.emit('connect')
  }

  #receive(chunk: Uint8Array): void {
    try {
      const data = this.#channel?.open(chunk) ?? []
      for (const part of data) this.#deliver(part)
    } catch (error) {
      // After a message that cannot be believed, nothing that follows can.
      this.destroy(asError(error))
    }
  }

  #deliver(data: Uint8Array): void {
    const [phase, socket, channel] = [this.#authentication, this.#socket, this.#channel]
    if (phase === undefined || socket === undefined || channel === undefined) return this.#hand(data)
    const { answers, passed, isOver } = phase.take(data)
    for (const answer of answers) socket.write(channel.seal(answer))
    for (const part of passed) this.#hand(part)
    if (isOver) this.#authentication = undefined
  }

  #hand(data: Uint8Array): void {
    if (data.length > 0 && !this.push(data)) this.#socket?.pause()
  }
}

/** 80877103, as the first message with which a driver asks for TLS. */
const SSL_REQUEST = Buffer.from('0000000804d2162f', 'hex')

function refuseSslRequest(chunk: Uint8Array): void {
  if (!SSL_REQUEST.equals(chunk)) return
  throw new ConfigurationError('the driver asks for TLS within a connection that is authenticated already', {
    hint: "Remove ssl from the options of the driver, sslmode from its URL and PGSSLMODE from the environment. For TLS, give encryption: 'tls' to postgresStream.",
  })
}

function spnOf(port: number | string, host: string | undefined): string {
  if (host === undefined)
    throw new ConfigurationError('PostgreSQL speaks no GSS-API over a Unix socket', {
      hint: `Give the host name of the server as host, and not ${typeof port === 'string' ? 'a path' : 'nothing'}.`,
    })
  if (isIP(host) === 0) return `postgres/${host}`
  throw new ConfigurationError('an address of the network has no service principal name', {
    hint: "Connect to the host name of the server, or give service: 'postgres/db.ad.test'.",
  })
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('the server sent something that cannot be read')
}
