import type { QueuePlace } from '../async/fair-queue.js'
import type { NetworkSettings } from '../configuration/network-settings.js'
import type { FailedAttempt } from '../errors/kdc-errors.js'

/** One request to the KDCs of a realm. */
export interface KdcRequest {
  readonly realm: string
  /** The encoded AS-REQ or TGS-REQ. */
  readonly request: Uint8Array
  /**
   * The answer is probably an error that has consequences (as at sign-in), so it should come over a
   * protocol on which not everybody can forge one.
   */
  readonly prefersTcp: boolean
  /** The user whose turn it is in the queue. */
  readonly place?: QueuePlace
  readonly settings: NetworkSettings
  /**
   * Aborts when the time limit of the request (`timeLimit`, set in transport.ts) is over, or when
   * `end` was called.
   */
  readonly ended: AbortSignal
  /**
   * When the time is over, as `performance.now()` counts. A request that leaves the queue later is
   * not sent any more.
   */
  readonly until: number
  /** Aborts `ended`: there is an answer, and the exchanges with other KDCs stop. */
  readonly end: (reason: Error) => void
  /** Each failure so far, for the error message. */
  readonly attempts: FailedAttempt[]
  /** Called when the answer came in a datagram. */
  readonly onDatagram?: () => void
}
