import { connect, type OnReadOpts, type Socket } from 'node:net'
import { type S4uErrorCode, shownInput } from '@s4u/krb5'
import { FileServerUnreachableError } from '../errors.js'
import { FrameSplitter } from './frame-splitter.js'

/** Where a file server is. */
export interface ServerAddress {
  /** Its name, which its service principal name has: `files.ad.test`. */
  readonly host: string
  /** The IP address to connect to. Undefined: what the name resolves to. */
  readonly address: string | undefined
  readonly port: number
}

export interface TransportEvents {
  frame(octets: Uint8Array): void
  /** Called once, with the reason. */
  closed(reason: Error): void
  /** Nothing came or went for as long as the time limit. */
  silent(): void
}

/**
 * The longest frame before the server has said what it sends: of a `NEGOTIATE` response. Octets.
 */
const MAX_FIRST_FRAME = 65_536 + 4_096

/** Frames over TCP. */
export class Transport {
  maxFrame = MAX_FIRST_FRAME
  readonly #socket: Socket
  readonly #server: ServerAddress
  readonly #splitter = new FrameSplitter(() => this.maxFrame)
  /** The longest silence of a server that owes an answer; milliseconds. */
  readonly timeLimit: number
  #events: TransportEvents | undefined
  #isClosed = false

  private constructor(server: ServerAddress, timeLimit: number) {
    this.timeLimit = timeLimit
    this.#server = server
    const { host, address = host, port } = server
    this.#socket = connect({ host: address, port, noDelay: true, onread: this.#reading() })
  }

  /** Connects. @throws FileServerUnreachableError, and what aborts the signal */
  static open(server: ServerAddress, timeLimit: number, signal: AbortSignal): Promise<Transport> {
    signal.throwIfAborted()
    return new Promise((resolve, reject) => {
      const transport = new Transport(server, timeLimit)
      const socket = transport.#socket
      const end = (settle: () => void): void => {
        signal.removeEventListener('abort', abort)
        socket.removeAllListeners()
        settle()
      }
      const fail = (reason: unknown): void =>
        end(() => {
          socket.on('error', () => {})
          socket.destroy()
          reject(reason)
        })
      const abort = (): void => fail(signal.reason)
      signal.addEventListener('abort', abort, { once: true })
      socket.setTimeout(timeLimit, () => fail(unreachable(server, 'ETIMEDOUT')))
      socket.once('error', (error) => fail(unreachable(server, codeOf(error), error)))
      socket.once('connect', () => end(() => resolve(transport.#listening())))
    })
  }

  /** Must be set before the first answer can come. */
  set events(events: TransportEvents) {
    this.#events = events
  }

  get isOpen(): boolean {
    return !this.#isClosed
  }

  /**
   * Sends the parts of one frame.
   * @param sent called when the parts are not needed any more
   */
  send(parts: readonly Uint8Array[], sent?: () => void): void {
    if (this.#isClosed) return
    const length = parts.reduce((sum, part) => sum + part.length, 0)
    this.#socket.cork()
    this.#socket.write(Uint8Array.of(0, length >> 16, (length >> 8) & 0xff, length & 0xff))
    parts.forEach((part, i) => this.#socket.write(part, i + 1 === parts.length ? sent : undefined))
    this.#socket.uncork()
  }

  /** Takes back the memory of a received frame that nobody has any more. */
  reuse(frame: Uint8Array): void {
    this.#splitter.reuse(frame)
  }

  /** Whether the connection keeps the process alive. */
  hold(isHeld: boolean): void {
    if (isHeld) return void this.#socket.ref()
    this.#socket.unref()
    this.#splitter.rest()
  }

  close(reason: Error): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#socket.destroy()
    this.#events?.closed(reason)
  }

  /** The socket receives to where the octets will stay, as many at once as there are. */
  #reading(): OnReadOpts {
    let space = this.#splitter.space
    return {
      buffer: () => (space = this.#splitter.space),
      callback: (count, octets) => {
        // Other runtimes than Node receive elsewhere.
        this.#receive(() =>
          octets === space ? this.#splitter.filled(count) : this.#splitter.push(octets.subarray(0, count)),
        )
        return true
      },
    }
  }

  #receive(frames: () => readonly Uint8Array[]): void {
    try {
      for (const frame of frames()) if (!this.#isClosed) this.#events?.frame(frame)
    } catch (error) {
      this.close(error instanceof Error ? error : new Error(shownInput(error)))
    }
  }

  #listening(): this {
    this.#socket.on('error', (error) => this.close(unreachable(this.#server, codeOf(error), error)))
    this.#socket.on('close', () => this.close(unreachable(this.#server, 'ECONNRESET')))
    // A callback of `setTimeout` is called once in the life of a socket, and its timer ends then.
    this.#socket.on('timeout', () => {
      this.#socket.setTimeout(this.timeLimit)
      this.#events?.silent()
    })
    this.#socket.setTimeout(this.timeLimit)
    return this
  }
}

const KNOWN_CODES = ['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ETIMEDOUT'] as const

function codeOf(error: Error): S4uErrorCode {
  return KNOWN_CODES.find((code) => 'code' in error && error.code === code) ?? 'ECONNRESET'
}

/** Makes the error for a server that cannot be reached, or whose connection is lost. */
export function unreachable(
  { host, address, port }: ServerAddress,
  code: S4uErrorCode,
  cause?: unknown,
): FileServerUnreachableError {
  const where = address === undefined ? `${host}:${port}` : `${host}:${port} (${address})`
  return new FileServerUnreachableError(`${where}: ${WORDS[code] ?? WORDS.ECONNRESET}`, {
    code,
    hint: HINTS[code] ?? HINTS.ECONNRESET,
    ...(cause !== undefined && { cause }),
  })
}

/** Makes the error for a server that fails by itself at a sign-in: as for a lost connection. */
export function serverFailed({ host, port }: ServerAddress): FileServerUnreachableError {
  return new FileServerUnreachableError(`${host}:${port}: the server failed by itself at the sign-in`, {
    code: 'ECONNRESET',
    hint: 'It says STATUS_INTERNAL_ERROR: look in its log, and try again.',
  })
}

/** Makes the error for a session that the server has ended: as for a lost connection. */
export function sessionEnded({ host, port }: ServerAddress): FileServerUnreachableError {
  return new FileServerUnreachableError(`${host}:${port}: the server has ended the session`, {
    code: 'ECONNRESET',
    hint: 'An administrator may have ended it, or the server has begun anew. What was not answered may or may not have been done. Look, and try again.',
  })
}

const WORDS: Readonly<Partial<Record<S4uErrorCode, string>>> & { readonly ECONNRESET: string } = {
  ECONNREFUSED: 'no file server listens there',
  ECONNRESET: 'the connection was lost',
  EHOSTUNREACH: 'there is no way to this address',
  ENOTFOUND: 'the name has no address',
  ETIMEDOUT: 'there was no answer in time',
}

const HINTS: Readonly<Partial<Record<S4uErrorCode, string>>> & { readonly ECONNRESET: string } = {
  ECONNREFUSED: 'Check that the file server runs, and that a firewall lets TCP port 445 pass.',
  ECONNRESET: 'What was not answered may or may not have been done. Look, and try again.',
  ENOTFOUND: 'Check the name in the path, and that the DNS of this machine knows the domain.',
  ETIMEDOUT: 'Check that the file server answers, or give a longer timeLimit.',
}
