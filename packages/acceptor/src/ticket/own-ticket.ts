import { printableMessage, RejectedTokenError, S4uError, type Ticket } from '@s4u/krb5'
import { withinLimit } from '../async/time-limit.js'
import type { AcceptorEvents } from '../events/events.js'
import { withheldOf } from '../pac-authority/withheld.js'
import type { ServiceKeys } from '../keys/service-keys.js'
import type { FoundTicket, TicketOpener } from './ticket-opener.js'

/**
 * How long a request waits for the service's own ticket, in milliseconds. The KDC of the own realm
 * answers within a few.
 */
const TIME_LIMIT = 5_000

/**
 * The pause between two attempts, in milliseconds: a KDC that is down costs one request a minute
 * its time.
 */
const RETRY_AFTER = 60_000

type Source = (signal: AbortSignal) => Promise<Ticket>

/** What learning the own domain needs. */
export interface OwnTicketDeps {
  readonly now: () => number
  readonly events: AcceptorEvents
  readonly tickets: TicketOpener
}

/**
 * Gets the service's ticket for itself, whose PAC shows the domain of our own realm. One attempt
 * runs at a time.
 */
export class OwnTicket {
  readonly #source: Source | undefined
  readonly #deps: OwnTicketDeps
  #triedAt: number | undefined
  /** The SIDs of this service's accounts, by realm. */
  readonly #sids = new Map<string, string>()
  #attempt: Promise<void> | undefined

  /** @param source the function that asks a KDC; undefined if there is none */
  constructor(source: Source | undefined, deps: OwnTicketDeps) {
    this.#source = source
    this.#deps = deps
  }

  /**
   * Waits for the own domain if a PAC cannot be judged without it, and verifies the ticket again
   * afterwards.
   */
  awaitOwnDomain(found: FoundTicket, keys: ServiceKeys): FoundTicket | Promise<FoundTicket> {
    const isComplete = withheldOf(found.ticket.pac)?.because === undefined
    return isComplete || this.#source === undefined || !this.#isDue
      ? found
      : this.#verifyAgain(found, keys, this.#source)
  }

  /** Returns the SID of the service's account in a realm, once a ticket of its own has shown it. */
  sidOf(realm: string): string | undefined {
    return this.#sids.get(realm)
  }

  /** Remembers the SID of the account in a ticket of the service for itself. */
  rememberSid({ client, pac }: FoundTicket['ticket']): void {
    const sid = pac?.userSid
    if (sid !== undefined) this.#sids.set(client.realm, sid)
  }

  /** Uses the absolute difference: a clock that was set back must not stop the attempts. */
  get #isDue(): boolean {
    if (this.#attempt !== undefined || this.#triedAt === undefined) return true
    return Math.abs(this.#deps.now() - this.#triedAt) >= RETRY_AFTER
  }

  async #verifyAgain({ ticket, seenBefore }: FoundTicket, keys: ServiceKeys, source: Source): Promise<FoundTicket> {
    const { tickets } = this.#deps
    this.#attempt ??= this.#learn(keys, source).finally(() => {
      this.#attempt = undefined
    })
    await this.#attempt
    return { ticket: tickets.verifyAgain(ticket, keys), seenBefore }
  }

  /**
   * Learns from the service's own ticket. It is verified like any ticket: only the PAC of a user of
   * our own realm teaches anything. Never rejects.
   */
  async #learn(keys: ServiceKeys, source: Source): Promise<void> {
    const { now, events, tickets } = this.#deps
    this.#triedAt = now()
    try {
      this.rememberSid(tickets.open(await withinLimit(TIME_LIMIT, late, source), keys).ticket)
    } catch (error) {
      const message = printableMessage(error)
      events.publish({ kind: 'own-ticket-failed', code: S4uError.is(error) ? error.code : 'S4U_OWN_TICKET', message })
    }
  }
}

function late(): Error {
  return new RejectedTokenError(`no ticket of our own within ${TIME_LIMIT} ms`, { code: 'S4U_TIMEOUT' })
}
