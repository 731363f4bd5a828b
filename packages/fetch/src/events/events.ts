/**
 * Publishes what happens to requests with tokens. This is the only file of the package that uses
 * `node:diagnostics_channel`.
 */

import { channel } from 'node:diagnostics_channel'
import { type Journal, journalFor, type Logger } from '@s4u/kdc-client'
import { entryOf, kindToWarnOf } from './event-lines.js'
import type { FetchEvent } from './fetch-event.js'

export type { FetchEvent, FetchEventSubject } from './fetch-event.js'

/** The name of the diagnostics channel on which every event appears. */
export const FETCH_CHANNEL = 's4u:fetch'

/** Gets each event. */
export type FetchEventListener = (event: FetchEvent) => void

const diagnostics = channel(FETCH_CHANNEL)

/** The listeners of one fetch. */
export interface FetchAudience {
  readonly onEvent?: FetchEventListener
  readonly logger?: Logger
}

/** Publishes an event: to the logger, the diagnostics channel and the listener. */
export function publish(event: FetchEvent, { onEvent, logger }: FetchAudience): void {
  writeDown(event, journalFor(logger))
  if (diagnostics.hasSubscribers) diagnostics.publish(event)
  if (onEvent === undefined) return
  try {
    onEvent(event)
  } catch (error) {
    // An error of the listener must not change the result of the request. It surfaces like that of
    // a diagnostics subscriber.
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

/** Returns whether a routine event would be read: if not, it need not be made. */
export function isWanted({ onEvent, logger }: FetchAudience): boolean {
  return onEvent !== undefined || diagnostics.hasSubscribers || journalFor(logger).isRead
}
