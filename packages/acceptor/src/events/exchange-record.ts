import type { S4uError } from '@s4u/krb5'
import type { Identity } from '../identity/identity.js'
import type { AcceptorEvents } from './events.js'
import type { ExchangeEvent } from './acceptor-event.js'

/** What an exchange event says beside its outcome. */
export type ExchangeFacts = Partial<Omit<ExchangeEvent, 'kind' | 'outcome'>>

const NO_FACTS: ExchangeFacts = {}

/**
 * Collects what is known of one token, and publishes it as one `exchange` event when the outcome is
 * known. Facts are only for events: they are not gathered while nothing reads routine events.
 */
export class ExchangeRecord {
  readonly #events: AcceptorEvents
  readonly #clientAddress: string | undefined
  #facts: ExchangeFacts

  constructor(events: AcceptorEvents, clientAddress: string | undefined, facts: ExchangeFacts = NO_FACTS) {
    this.#events = events
    this.#clientAddress = clientAddress
    this.#facts = facts
  }

  /** Adds facts. `facts` is called only if the event would be read. */
  add(facts: () => ExchangeFacts): void {
    if (this.#events.wanted) this.#facts = { ...this.#facts, ...facts() }
  }

  /** Returns the record of the negotiation's next token, which may come from another address. */
  nextLeg(clientAddress: string | undefined): ExchangeRecord {
    return new ExchangeRecord(this.#events, clientAddress, this.#facts)
  }

  accepted({ impersonationLevel, delegatedBy }: Identity): void {
    this.add(() => ({ impersonationLevel, delegatedBy }))
    if (this.#events.wanted) this.#publish('accepted')
  }

  continued(): void {
    if (this.#events.wanted) this.#publish('continue')
  }

  /**
   * Publishes the refusal in any case: if nothing reads events, the first refusal of each kind
   * becomes a warning of the process.
   * @param mechanism what the client offered instead of Kerberos
   */
  refused(error: S4uError, mechanism?: string): void {
    const { code, message, hint } = error
    this.#publish('refused', { ...(mechanism !== undefined && { mechanism }), code, message, hint, error })
  }

  #publish(outcome: ExchangeEvent['outcome'], last: ExchangeFacts = NO_FACTS): void {
    const clientAddress = this.#clientAddress
    this.#events.publish({ ...this.#facts, ...last, kind: 'exchange', outcome, clientAddress })
  }
}
