/** The events of an acceptor. Only this file knows `node:diagnostics_channel`. */

import { channel } from 'node:diagnostics_channel'
import { type Journal, journalFor, type Logger } from '@s4u/krb5'
import type { AcceptorEvent } from './acceptor-event.js'
import { entryOf, kindToWarnOf } from './event-lines.js'

/** The name of the diagnostics channel on which every event of every acceptor appears. */
export const ACCEPT_CHANNEL = 's4u:accept'

export type { AcceptorEvent, ExchangeEvent } from './acceptor-event.js'

/** Called with each event of an acceptor. What it throws does not reach the request. */
export type EventListener = (event: AcceptorEvent) => void

const diagnostics = channel(ACCEPT_CHANNEL)

/**
 * Publishes the events of one acceptor: on the diagnostics channel, to the listener, and as lines
 * to the log.
 *
 * @example
 * ```ts
 * import { type AcceptorEvent, AcceptorEvents } from '@s4u/acceptor'
 *
 * // An acceptor of your own tells what it did where this package does.
 * export function publish(events: AcceptorEvents, make: () => AcceptorEvent): void {
 *   if (events.wanted) events.publish(make())
 * }
 *
 * export const ofThisService = new AcceptorEvents({ onEvent: ({ kind }) => console.log(kind) })
 * ```
 */
export class AcceptorEvents {
  readonly #listener: EventListener | undefined
  readonly #journal: Journal

  constructor({ onEvent, logger }: { readonly onEvent?: EventListener; readonly logger?: Logger } = {}) {
    this.#listener = onEvent
    this.#journal = journalFor(logger)
  }

  /** Whether a routine event would be read. If not, the event need not be made. */
  get wanted(): boolean {
    return this.#listener !== undefined || diagnostics.hasSubscribers || this.#journal.isRead
  }

  publish(event: AcceptorEvent): void {
    writeDown(event, this.#journal)
    if (diagnostics.hasSubscribers) diagnostics.publish(event)
    if (this.#listener === undefined) return
    try {
      this.#listener(event)
    } catch (error) {
      // An error of the listener must not change who is let in. It surfaces as an error of a
      // diagnostics subscriber does.
      process.nextTick(() => {
        throw error
      })
    }
  }
}

function writeDown(event: AcceptorEvent, journal: Journal): void {
  const kind = kindToWarnOf(event)
  if (kind === undefined) journal.note(() => entryOf(event))
  else journal.warn(kind, () => entryOf(event))
}
