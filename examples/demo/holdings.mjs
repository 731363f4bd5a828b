/** Tickets kept at most; the caches of the services have a limit too. */
const MAX_TICKETS = 500

/**
 * The tickets that the workstation and the services hold, put together from what the KDC gave them:
 * a newer one takes the place of an older one for the same purpose, and an expired one is gone, as
 * in their caches.
 */
export class Holdings {
  #now
  #tickets = new Map()

  constructor(now) {
    this.#now = now
  }

  /** Oldest first. */
  list() {
    for (const [purpose, { expiresAt }] of this.#tickets) if (expiresAt <= this.#now()) this.#tickets.delete(purpose)
    return [...this.#tickets.values()]
  }

  add(ticket, { holder, obtainedBy, evidence }) {
    const purpose = [holder, obtainedBy, ticket.client, ticket.service, evidence?.id].join(' ')
    this.#tickets.delete(purpose)
    this.#tickets.set(purpose, { ...ticket, holder, obtainedBy, uses: 0 })
    if (this.#tickets.size > MAX_TICKETS) this.#tickets.delete(this.#tickets.keys().next().value)
  }

  /**
   * How often the ticket has been shown to a service by now; 0 for one that came from elsewhere.
   */
  use(ticket) {
    const held = this.#find(ticket)
    if (held === undefined) return 0
    return ++held.uses
  }

  holderOf(ticket) {
    return this.#find(ticket)?.holder
  }

  clear() {
    this.#tickets.clear()
  }

  #find({ id }) {
    return this.list().find((held) => held.id === id)
  }
}
