import type { PendingNegotiation } from '@s4u/acceptor'

/**
 * The most negotiations that wait. Kerberos takes one leg; more legs are a client's odd choice, or
 * an attack on this table.
 */
const MAX_PENDING = 1_000

/**
 * Keeps negotiations between two legs, at most one for each connection.
 *
 * Nothing in a later leg says which negotiation it continues: only the connection does. A second
 * negotiation on a connection means that several callers share it (through a proxy that does not
 * say so), or that its caller gave the first one up. The next token may come from either client,
 * so no negotiation is continued. (A mix-up could not make one caller another, since the confirming
 * MIC is made with keys of the first ticket; it could spoil both.)
 */
export class PendingNegotiations {
  readonly #now: () => number
  /** In order of `expiresAt`, since all negotiations live equally long. */
  readonly #pending = new Map<object, PendingNegotiation>()

  constructor(now: () => number) {
    this.#now = now
  }

  get size(): number {
    return this.#pending.size
  }

  /**
   * Returns false when it keeps nothing: the table is full, or the connection has a negotiation
   * already, which ends both.
   */
  keep(connection: object, negotiation: PendingNegotiation): boolean {
    this.#dropExpired()
    if (this.#pending.delete(connection) || this.#pending.size >= MAX_PENDING) return false
    this.#pending.set(connection, negotiation)
    return true
  }

  /** Takes a negotiation out: it serves for one more token. */
  take(connection: object | undefined): PendingNegotiation | undefined {
    if (connection === undefined || this.#pending.size === 0) return undefined
    this.#dropExpired()
    const negotiation = this.#pending.get(connection)
    this.#pending.delete(connection)
    return negotiation
  }

  clear(): void {
    this.#pending.clear()
  }

  #dropExpired(): void {
    const now = this.#now()
    const full = this.#pending.size >= MAX_PENDING
    for (const [connection, { expiresAt }] of this.#pending) {
      const gone = expiresAt < now || isClosed(connection)
      if (gone) this.#pending.delete(connection)
      else if (!full) return
    }
  }
}

function isClosed(connection: object): boolean {
  return 'destroyed' in connection && connection.destroyed === true
}

/**
 * Whether a token continues a negotiation: a NegTokenResp begins with `[1]`, and no first token
 * does. RFC 4178 section 4.2.
 */
export function isContinuation(token: Uint8Array): boolean {
  return token[0] === 0xa1
}
