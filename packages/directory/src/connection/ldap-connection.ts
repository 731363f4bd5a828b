import { RejectedTokenError } from '@s4u/krb5'
import type { SecurityLayer } from '@s4u/sasl'
import type { DirectoryEntry } from '../ldap/directory-entry.js'
import { decodeResponse, type LdapResponse, Operation } from '../ldap/response.js'
import { abandonRequest } from '../ldap/sasl-bind-request.js'
import { type LdapTransport, type TransportTrust } from './ldap-transport.js'

/** What came back for one operation. */
export interface Answer extends Omit<Extract<LdapResponse, { kind: 'result' }>, 'id' | 'kind'> {
  readonly entries: readonly DirectoryEntry[]
  readonly references: readonly string[]
}

/** The limits of one answer. */
export interface AnswerLimits {
  readonly entries: number
  readonly octets: number
}

/** The limits of an operation that is not a search: it has no entries. */
export const NO_ENTRIES: AnswerLimits = { entries: 0, octets: 1 << 20 }

/** References of one answer; a forest has some dozens of domains. */
const MAX_REFERENCES = 1_000

/** Message ids have 31 bits. RFC 4511 section 4.1.1.1. */
const MAX_MESSAGE_ID = 0x7fff_ffff

interface Pending {
  readonly expected: number
  readonly limits: AnswerLimits
  readonly entries: DirectoryEntry[]
  readonly references: string[]
  octets: number
  readonly resolve: (answer: Answer) => void
  readonly reject: (reason: unknown) => void
}

/** Operations on one connection, as many at once as the caller likes. */
export class LdapConnection {
  readonly #transport: LdapTransport
  readonly #pending = new Map<number, Pending>()
  #lastId = 0
  #onClose: () => void = () => {}

  constructor(transport: LdapTransport) {
    this.#transport = transport
    transport.events = { message: (octets) => this.#receive(octets), closed: (reason) => this.#fail(reason) }
  }

  get isOpen(): boolean {
    return this.#transport.isOpen
  }

  get isEncrypted(): boolean {
    return this.#transport.isEncrypted
  }

  get certificate(): Uint8Array | undefined {
    return this.#transport.certificate
  }

  /** Calls `closed` once, when the connection ends; at once if it has ended. */
  watch(closed: () => void): void {
    this.#onClose = closed
    if (!this.isOpen) closed()
  }

  protect(layer: SecurityLayer): void {
    this.#transport.protect(layer)
  }

  allowLongMessages(): void {
    this.#transport.allowLongMessages()
  }

  startTls(trust: TransportTrust, signal: AbortSignal): Promise<void> {
    return this.#transport.startTls(trust, signal)
  }

  close(reason = new Error('the connection was closed here')): void {
    this.#transport.close(reason)
  }

  /**
   * Sends a request and resolves to all entries and references, and the result, even if the result
   * is an error.
   * @param expected the identifier octet of the answer, of `Operation`
   */
  exchange(
    write: (id: number) => Uint8Array,
    expected: number,
    signal: AbortSignal,
    limits = NO_ENTRIES,
  ): Promise<Answer> {
    signal.throwIfAborted()
    return new Promise<Answer>((resolve, reject) => {
      const id = this.#nextId()
      const end = (settle: () => void): void => {
        this.#pending.delete(id)
        signal.removeEventListener('abort', abort)
        settle()
        // A connection on which no operation waits does not keep the process alive.
        if (this.#pending.size === 0) this.#transport.hold(false)
      }
      const abort = (): void => {
        this.#abandon(id)
        end(() => reject(signal.reason))
      }
      this.#pending.set(id, {
        ...{ expected, limits, entries: [], references: [], octets: 0 },
        resolve: (answer) => end(() => resolve(answer)),
        reject: (reason) => end(() => reject(reason)),
      })
      signal.addEventListener('abort', abort, { once: true })
      if (!this.isOpen) return this.#fail(new Error('the connection is closed'))
      this.#transport.hold(true)
      this.#transport.send(write(id))
    })
  }

  /**
   * Abandons an operation. A bind and an extended operation (StartTLS) cannot be abandoned: the
   * connection is closed instead. RFC 4511 section 4.11.
   */
  #abandon(id: number): void {
    const expected = this.#pending.get(id)?.expected
    if (expected === Operation.BIND || expected === Operation.EXTENDED) {
      this.#pending.delete(id)
      return this.close(new Error('the operation was cancelled, and cannot be abandoned alone'))
    }
    if (this.isOpen) this.#transport.send(abandonRequest(this.#nextId(), id))
  }

  #nextId(): number {
    do this.#lastId = this.#lastId === MAX_MESSAGE_ID ? 1 : this.#lastId + 1
    while (this.#pending.has(this.#lastId))
    return this.#lastId
  }

  #receive(octets: Uint8Array): void {
    const response = decodeResponse(octets)
    if (response.id === 0) throw noticeOf(response)
    const pending = this.#pending.get(response.id)
    // The operation was abandoned; the server may have sent this before it knew.
    if (pending === undefined) return
    pending.octets += octets.length
    this.#collect(pending, response)
    requireWithin(pending)
  }

  #collect(pending: Pending, response: LdapResponse): void {
    const { entries, references, expected } = pending
    if (response.kind === 'entry') entries.push(response.entry)
    else if (response.kind === 'reference') references.push(...response.uris)
    else if (response.kind === 'result') {
      if (response.operation !== expected) throw unexpected(expected, response.operation)
      const { operation, result, credentials, name, controls } = response
      pending.resolve({ operation, result, credentials, name, controls, entries, references })
    }
  }

  #fail(reason: Error): void {
    for (const { reject } of [...this.#pending.values()]) reject(reason)
    this.#onClose()
    this.#onClose = () => {}
  }
}

/** Refuses an answer that exceeds its limits, so that a server cannot fill the memory. */
function requireWithin({ entries, references, octets, limits }: Pending): void {
  if (entries.length <= limits.entries && references.length <= MAX_REFERENCES && octets <= limits.octets) return
  throw protocolError(
    `sent more than the limit: ${entries.length} entries, ${references.length} references, ${octets} octets`,
  )
}

function unexpected(expected: number, found: number): RejectedTokenError {
  return protocolError(
    `answered request 0x${(expected - 1).toString(16)} with message 0x${found.toString(16)}, which does not belong to it`,
  )
}

/**
 * An unsolicited notice (id 0). Each one is taken for a notice of disconnection. RFC 4511 section
 * 4.4.
 */
function noticeOf(response: LdapResponse): Error {
  const words = response.kind === 'result' ? response.result.diagnostic : ''
  return new Error(`the server ended the connection${words === '' ? '' : `: ${words}`}`)
}

function protocolError(what: string): RejectedTokenError {
  return new RejectedTokenError(`the server ${what}`, { code: 'protocolError', status: 502 })
}
