/**
 * What an acceptor tells about its work. The only file of this package that knows
 * `node:diagnostics_channel`.
 */

import { channel } from 'node:diagnostics_channel'
import type { Journal, Logger } from '@s4u/krb5'
import type { AcceptorEvent } from './acceptor-event.js'
import { entryOf, kindToWarnOf } from './event-lines.js'
import { journalFor } from './process-journal.js'

/** The name of the diagnostics channel on which every event of every acceptor appears. */
export const ACCEPT_CHANNEL = 's4u:accept'

export type { AcceptorEvent, ExchangeEvent } from './acceptor-event.js'

export type EventListener = (event: AcceptorEvent) => void

const diagnostics = channel(ACCEPT_CHANNEL)

/**
 * Where one acceptor's events go: to the channel, the listener, and as lines to who reads along.
 */
export class AcceptorEvents {
  readonly #listener: EventListener | undefined
  readonly #journal: Journal

  constructor({ onEvent, logger }: { readonly onEvent?: EventListener; readonly logger?: Logger } = {}) {
    this.#listener = onEvent
    this.#journal = journalFor(logger)
  }

  /** Whether anybody would read an event of routine: if not, making it can be saved. */
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
      // A fault of the listener must not change who is let in. It surfaces like that of a
      // diagnostics subscriber.
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
