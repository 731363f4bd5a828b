import type { PendingNegotiation } from '@s4u/acceptor'

/** Kerberos takes one leg. More are a client's odd choice, or an attack on this table. */
const MAX_PENDING = 1_000

/**
 * Negotiations between two legs, one for each connection at most.
 *
 * Nothing in a later leg says which negotiation it continues: the connection alone does. A second
 * negotiation on a connection therefore means that several callers share it (a proxy that does not
 * say so), or that its caller gave the first one up. Which of them speaks next cannot be told, so
 * that neither is continued. (A mix-up could not make one caller another, since the confirming MIC
 * is made with keys of the first ticket; it could spoil both.)
 */
export class PendingNegotiations {
  readonly #now: () => number
  /** In order of `expiresAt`: every negotiation lives equally long. */
  readonly #pending = new Map<object, PendingNegotiation>()

  constructor(now: () => number) {
    this.#now = now
  }

  get size(): number {
    return this.#pending.size
  }

  /**
   * False when it cannot be kept: the table is full, or the connection has one already, which ends
   * both.
   */
  keep(connection: object, negotiation: PendingNegotiation): boolean {
    this.#dropExpired()
    if (this.#pending.delete(connection) || this.#pending.size >= MAX_PENDING) return false
    this.#pending.set(connection, negotiation)
    return true
  }

  /** Takes it out: a negotiation is good for one more token. */
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
 * Whether a token continues a negotiation: NegTokenResp is `[1]`, and no first token begins so. RFC
 * 4178 section 4.2.
 */
export function isContinuation(token: Uint8Array): boolean {
  return token[0] === 0xa1
}
