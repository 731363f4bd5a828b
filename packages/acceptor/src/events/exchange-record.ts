import type { S4uError } from '@s4u/krb5'
import type { Identity } from '../identity/identity.js'
import type { AcceptorEvents } from './events.js'
import type { ExchangeEvent } from './acceptor-event.js'

/** What an exchange event says beside its outcome. */
export type ExchangeFacts = Partial<Omit<ExchangeEvent, 'kind' | 'outcome'>>

const NO_FACTS: ExchangeFacts = {}

/**
 * What is known of one leg, published as one `exchange` event when the leg has its outcome. Facts
 * are for events only: nothing is gathered while nobody would read a routine event.
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

  /** Adds to what is known. `facts` is called only if somebody would read the event. */
  add(facts: () => ExchangeFacts): void {
    if (this.#events.wanted) this.#facts = { ...this.#facts, ...facts() }
  }

  /** The record of the negotiation's next leg, which may come from another address. */
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
   * Publishes the refusal, always: without a reader, the first of each kind becomes a warning of
   * the process.
   * @param mechanism what was offered instead of Kerberos
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
