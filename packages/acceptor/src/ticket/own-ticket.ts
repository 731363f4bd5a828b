import { printable, RejectedTokenError, S4uError, type Ticket } from '@s4u/krb5'
import { withinLimit } from '../async/time-limit.js'
import type { AcceptorEvents } from '../events/events.js'
import { withheldOf } from '../pac-authority/withheld.js'
import type { ServiceKeys } from '../keys/service-keys.js'
import type { FoundTicket, TicketOpener } from './ticket-opener.js'

/**
 * How long a request waits for it, milliseconds: the KDC of one's own realm answers within some.
 */
const TIME_LIMIT = 5_000

/**
 * Between two attempts, milliseconds, so that a KDC that is down costs one request a minute its
 * time.
 */
const RETRY_AFTER = 60_000

type Source = (signal: AbortSignal) => Promise<Ticket>

export interface OwnTicketDeps {
  readonly now: () => number
  readonly events: AcceptorEvents
  readonly tickets: TicketOpener
}

/**
 * The service's ticket for itself, whose PAC says which domain is our own realm's. Asked for at
 * most once at a time.
 */
export class OwnTicket {
  readonly #source: Source | undefined
  readonly #deps: OwnTicketDeps
  #triedAt: number | undefined
  /** Of the accounts of this service, by realm. */
  readonly #sids = new Map<string, string>()
  #attempt: Promise<void> | undefined

  /** @param source undefined where there is no way to get one */
  constructor(source: Source | undefined, deps: OwnTicketDeps) {
    this.#source = source
    this.#deps = deps
  }

  /**
   * What cannot be told of a user before our own domain is known is worth a look for that: the
   * ticket is judged again then.
   */
  awaitOwnDomain(found: FoundTicket, keys: ServiceKeys): FoundTicket | Promise<FoundTicket> {
    const isComplete = withheldOf(found.ticket.pac)?.because === undefined
    return isComplete || this.#source === undefined || !this.#isDue
      ? found
      : this.#verifyAgain(found, keys, this.#source)
  }

  /** The SID of the service's account in a realm, where a ticket of its own has come by. */
  sidOf(realm: string): string | undefined {
    return this.#sids.get(realm)
  }

  /** A ticket to the service in its own name: its PAC tells the SID of the account. */
  rememberSid({ client, pac }: FoundTicket['ticket']): void {
    const sid = pac?.userSid
    if (sid !== undefined) this.#sids.set(client.realm, sid)
  }

  /** In both directions: a clock that was set back must not stop the attempts. */
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
   * It is judged as any ticket is: only with a PAC of a user of our own realm it teaches anything.
   * Never rejects.
   */
  async #learn(keys: ServiceKeys, source: Source): Promise<void> {
    const { now, events, tickets } = this.#deps
    this.#triedAt = now()
    try {
      this.rememberSid(tickets.open(await withinLimit(TIME_LIMIT, late, source), keys).ticket)
    } catch (error) {
      const message = printable(error instanceof Error ? error.message : String(error))
      events.publish({ kind: 'own-ticket-failed', code: S4uError.is(error) ? error.code : 'S4U_OWN_TICKET', message })
    }
  }
}

function late(): Error {
  return new RejectedTokenError(`no ticket of our own within ${TIME_LIMIT} ms`, { code: 'S4U_TIMEOUT' })
}
