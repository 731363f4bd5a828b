import type { Ticket } from '@s4u/krb5'
import type { AcceptorEvents } from '../events/events.js'
import type { KeyRing } from '../keys/key-ring.js'
import type { ServiceKeys } from '../keys/service-keys.js'
import type { OwnTicket } from './own-ticket.js'
import { type FoundTicket, isKeyTrouble, type TicketOpener } from './ticket-opener.js'

/** What opening a ticket needs. */
export interface CurrentKeyOpenerDeps {
  readonly keys: KeyRing
  readonly tickets: TicketOpener
  readonly ownTicket: OwnTicket
  readonly events: AcceptorEvents
  /** The clock, in milliseconds since the epoch. */
  readonly now: () => number
}

/**
 * Opens tickets with the service's present keys, and looks for newer keys when none of them opens a
 * ticket. Methods return a promise only if they must wait: for a keytab provider, a file that is
 * due for a check, or the service's own ticket. Usually they need not wait, and each `await` costs
 * measurable time.
 */
export class CurrentKeyOpener {
  readonly #deps: CurrentKeyOpenerDeps

  constructor(deps: CurrentKeyOpenerDeps) {
    this.#deps = deps
  }

  /**
   * Opens a ticket and checks everything in it that does not depend on the request.
   * @throws as `TicketOpener.open`, and as `KeyRing.ready`
   */
  open(ticket: Ticket): FoundTicket | Promise<FoundTicket> {
    const { keys, now } = this.#deps
    const checking = keys.checkWhenDue(now())
    return checking ? checking.then(() => this.#openWithCurrent(ticket)) : this.#openWithCurrent(ticket)
  }

  #openWithCurrent(ticket: Ticket): FoundTicket | Promise<FoundTicket> {
    const { keys } = this.#deps
    return keys.current
      ? this.#openWith(keys.current, ticket)
      : keys.ready().then((ours) => this.#openWith(ours, ticket))
  }

  #openWith(keys: ServiceKeys, ticket: Ticket): FoundTicket | Promise<FoundTicket> {
    const { tickets, ownTicket } = this.#deps
    const known = tickets.find(ticket, keys)
    if (known !== undefined) return ownTicket.awaitOwnDomain({ ticket: known, seenBefore: true }, keys)
    try {
      const opened = tickets.open(ticket, keys)
      this.#reportOldKey(opened)
      return ownTicket.awaitOwnDomain(opened, keys)
    } catch (error) {
      if (!isKeyTrouble(error)) throw error
      return this.#openWithNewer(keys, ticket, error)
    }
  }

  /** Reports an old key once for each ticket: a client shows the same ticket for hours. */
  #reportOldKey({ ticket, seenBefore }: FoundTicket): void {
    const { label: service, kvno, newestKvno } = ticket.serviceKey
    if (kvno < newestKvno && !seenBefore) this.#deps.events.publish({ kind: 'old-key-used', service, kvno, newestKvno })
  }

  /**
   * Opens the ticket with keys that are newer than these. The key may have been changed since the
   * last check: its first ticket must not be refused.
   */
  async #openWithNewer(keys: ServiceKeys, ticket: Ticket, error: unknown): Promise<FoundTicket> {
    const newer = await this.#deps.keys.newerThan(keys)
    if (newer === undefined) throw error
    return this.#openWith(newer, ticket)
  }
}
