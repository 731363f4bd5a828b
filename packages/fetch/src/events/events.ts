/**
 * What requests in somebody's name tell about themselves. The only file of this package that knows
 * `node:diagnostics_channel`.
 */

import { channel } from 'node:diagnostics_channel'
import { type Journal, journalFor, type Logger } from '@s4u/kdc-client'
import { entryOf, kindToWarnOf } from './event-lines.js'
import type { FetchEvent } from './fetch-event.js'

export type { FetchEvent, FetchEventSubject } from './fetch-event.js'

/** The name of the diagnostics channel on which every event appears. */
export const FETCH_CHANNEL = 's4u:fetch'

export type FetchEventListener = (event: FetchEvent) => void

const diagnostics = channel(FETCH_CHANNEL)

/** Who is told of the events of one fetch. */
export interface FetchAudience {
  readonly onEvent?: FetchEventListener
  readonly logger?: Logger
}

export function publish(event: FetchEvent, { onEvent, logger }: FetchAudience): void {
  writeDown(event, journalFor(logger))
  if (diagnostics.hasSubscribers) diagnostics.publish(event)
  if (onEvent === undefined) return
  try {
    onEvent(event)
  } catch (error) {
    // A fault of the listener must not change what the caller gets. It surfaces like that of a
    // diagnostics subscriber.
    process.nextTick(() => {
      throw error
    })
  }
}

function writeDown(event: FetchEvent, journal: Journal): void {
  const kind = kindToWarnOf(event)
  if (kind === undefined) journal.note(() => entryOf(event))
  else journal.warn(kind, () => entryOf(event))
}

/** Whether anybody would read an event of routine: if not, making it can be saved. */
export function isWanted({ onEvent, logger }: FetchAudience): boolean {
  return onEvent !== undefined || diagnostics.hasSubscribers || journalFor(logger).isRead
}
