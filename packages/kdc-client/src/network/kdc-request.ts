import type { FailedAttempt } from '../errors/kdc-errors.js'
import type { QueuePlace } from '../async/fair-queue.js'
import type { Manner } from '../configuration/exchange-settings.js'

/** One request on its way to the KDCs of its realm. */
export interface Errand {
  readonly realm: string
  readonly request: Uint8Array
  /** The answer is likely to be an error that has consequences: it is asked for where errors are believed. */
  readonly prefersTcp: boolean
  /** Whose it is, where it has to wait for its turn. */
  readonly place?: QueuePlace
  readonly manner: Manner
  readonly ended: AbortSignal
  /** When the time is over, as `performance.now()` says it: a place that comes free then is of no use any more. */
  readonly until: number
  /** Aborts that signal: there is an answer, and nobody listens to the others any more. */
  readonly end: (reason: Error) => void
  /** What went wrong so far, for the error. */
  readonly attempts: FailedAttempt[]
  /** Called when the answer came in a datagram. */
  readonly onDatagram?: () => void
}
