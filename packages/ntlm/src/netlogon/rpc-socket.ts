import { connect, type Socket } from 'node:net'
import { rpcFragmentLength, type RpcTransport, type S4uErrorCode } from '@s4u/krb5'
import { NetlogonUnreachableError } from '../errors.js'

/** A domain controller, or a port of it. */
export interface RpcEndpoint {
  readonly host: string
  readonly port: number
}

/**
 * Carries PDUs over TCP. Octets are read as PDUs are asked for, so a server that sends more fills
 * no memory.
 */
export class RpcSocket implements RpcTransport {
  readonly #socket: Socket
  readonly #endpoint: RpcEndpoint
  #failure: NetlogonUnreachableError | undefined
  /** Lets the one who reads look again. */
  #wake: () => void = () => {}

  private constructor(socket: Socket, endpoint: RpcEndpoint) {
    this.#socket = socket
    this.#endpoint = endpoint
    socket.on('error', (cause) => this.#fail(codeOf(cause), cause))
    // A listener that is added for each wait is called at once where a part of a PDU has come: the
    // process would do nothing else until the rest comes.
    socket.on('readable', () => this.#look())
    socket.on('end', () => this.close('ECONNRESET'))
    socket.on('close', () => this.#fail('ECONNRESET'))
  }

  /** @throws NetlogonUnreachableError, also where `signal` ends it */
  static open(endpoint: RpcEndpoint, signal: AbortSignal): Promise<RpcSocket> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: endpoint.host, port: endpoint.port, noDelay: true })
      const transport = new RpcSocket(socket, endpoint)
      const late = (): void => transport.close('ETIMEDOUT')
      const end = (settle: () => void): void => {
        signal.removeEventListener('abort', late)
        settle()
      }
      socket.once('connect', () => end(() => resolve(transport)))
      socket.once('close', () => end(() => reject(transport.#failure)))
      signal.addEventListener('abort', late, { once: true })
      if (signal.aborted) late()
    })
  }

  get isOpen(): boolean {
    return this.#failure === undefined
  }

  /** Whether the connection keeps the process alive: while it is in use, and not between. */
  hold(isHeld: boolean): void {
    if (isHeld) this.#socket.ref()
    else this.#socket.unref()
  }

  /** Ends the connection, and whatever waits for it. */
  close(code: S4uErrorCode = 'S4U_CLOSED'): void {
    this.#fail(code)
    this.#socket.destroy()
  }

  /** Does something with the connection, which is closed where `signal` ends before. */
  async within<T>(signal: AbortSignal, act: () => Promise<T>): Promise<T> {
    const late = (): void => this.close('ETIMEDOUT')
    signal.addEventListener('abort', late, { once: true })
    if (signal.aborted) late()
    try {
      return await act()
    } finally {
      signal.removeEventListener('abort', late)
    }
  }

  async send(pdu: Uint8Array): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    this.#socket.write(pdu)
  }

  async receive(): Promise<Uint8Array> {
    const head = await this.#read(HEAD)
    const rest = rpcFragmentLength(head) - HEAD
    return new Uint8Array(Buffer.concat(rest === 0 ? [head] : [head, await this.#read(rest)]))
  }

  async #read(length: number): Promise<Uint8Array> {
    for (;;) {
      const octets: Buffer | null = this.#socket.read(length)
      if (octets?.length === length) return octets
      // At the end of a stream there may be fewer octets than were asked for.
      if (octets !== null) this.close('ECONNRESET')
      if (this.#failure !== undefined) throw this.#failure
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  #look(): void {
    // Nothing to read is the end, which the stream tells only those who ask.
    if (this.#socket.readableLength === 0) this.#socket.read(0)
    this.#wake()
  }

  #fail(code: S4uErrorCode, cause?: Error): void {
    const { host, port } = this.#endpoint
    this.#failure ??= new NetlogonUnreachableError(`${host}:${port} ${WHY[code] ?? 'cannot be reached'}`, {
      code,
      ...(cause && { cause }),
      hint: `Look whether the domain controller runs, and whether a firewall lets TCP port 135 and the ports of RPC (49152 and above) pass.`,
    })
    this.#wake()
  }
}

const HEAD = 16
const WHY: Readonly<Record<string, string>> = {
  ETIMEDOUT: 'did not answer in time',
  ECONNRESET: 'closed the connection',
  ECONNREFUSED: 'listens no longer',
  S4U_CLOSED: 'is not asked any more',
}

const KNOWN_CODES = ['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ETIMEDOUT'] as const

function codeOf(error: Error): S4uErrorCode {
  return KNOWN_CODES.find((code) => 'code' in error && error.code === code) ?? 'ECONNRESET'
}
