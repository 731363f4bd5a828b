/** What a negotiator tells about its work. */

import { AcceptorEvents, type EventListener } from '@s4u/acceptor'
import { type Journal, journalFor, type Logger, type S4uError } from '@s4u/kdc-client'
import type { CallerIdentity } from '../delegation/caller-identity.js'
import type { Authenticated } from './outcome.js'
import type { ResponseHeaders } from '../http/response.js'
import type { NegotiableRequest } from '../http/request.js'
import type { Session } from '../session/session-revocation.js'

export interface NegotiatorListeners {
  /**
   * A caller was asked to authenticate, or for another leg. Not an error: browsers send no token
   * unasked.
   */
  readonly onChallenge?: (event: ChallengeEvent) => void
  readonly onAuthenticated?: (event: AuthenticatedEvent) => void
  /**
   * A token, header or session was refused, a request that a page of another site has sent, or a
   * known caller by a route.
   */
  readonly onFailed?: (event: FailedEvent) => void
}

export interface ChallengeEvent {
  readonly request: NegotiableRequest
  readonly reason: 'no-token' | 'other-scheme' | 'continue'
  readonly clientAddress?: string
}

export interface AuthenticatedEvent {
  readonly request: NegotiableRequest
  readonly identity: CallerIdentity
  readonly by: Authenticated['by']
  /** What the caller was known by, where it was not a token. */
  readonly session?: Session
  readonly clientAddress?: string
}

export interface FailedEvent {
  readonly request: NegotiableRequest
  /** `KRB_AP_ERR_SKEW`: what failures are counted by. */
  readonly code: string
  /**
   * For the log. Its `hint` says what to do: for NTLM, the usual reasons why a client has no
   * ticket.
   */
  readonly error: S4uError
  /** Undefined when a session failed: its request goes on as if there were none. */
  readonly statusCode?: 400 | 401 | 403 | 503
  /**
   * Who is known and still not let in: with 403. Absent where a page of another site was refused:
   * nobody has looked who it was.
   */
  readonly identity?: CallerIdentity
  /** What was offered in place of Kerberos: `ntlm`, `negoex`, `iakerb`, `unknown`. */
  readonly mechanism?: string
  readonly clientAddress?: string
}

/** How often what happened since the negotiator was made. */
export interface NegotiatorCounters {
  readonly challenged: number
  readonly authenticated: Readonly<Record<Authenticated['by'], number>>
  /** By reason: `{ KRB_AP_ERR_REPEAT: 3 }`. */
  readonly failed: Readonly<Record<string, number>>
}

/** Where one negotiator's events go, and what counts them. */
export class NegotiatorEvents {
  readonly #listeners: NegotiatorListeners
  readonly #ofAcceptor: AcceptorEvents
  readonly #journal: Journal
  readonly #authenticated = { token: 0, session: 0, connection: 0 }
  readonly #failed = new Map<string, number>()
  #challenged = 0

  constructor(
    listeners: NegotiatorListeners & { readonly onEvent?: EventListener; readonly logger?: Logger | undefined },
  ) {
    const { onEvent, logger } = listeners
    this.#listeners = listeners
    this.#ofAcceptor = new AcceptorEvents({ onEvent, logger })
    this.#journal = journalFor(logger)
  }

  get counters(): NegotiatorCounters {
    return {
      challenged: this.#challenged,
      authenticated: { ...this.#authenticated },
      failed: Object.fromEntries(this.#failed),
    }
  }

  challenged(event: ChallengeEvent): void {
    this.#challenged++
    const { reason } = event
    this.#note(() => `asked a caller to authenticate (${reason}${from(event)})`)
    notify(this.#listeners.onChallenge, event)
  }

  authenticated(event: AuthenticatedEvent): void {
    const { identity, by } = event
    this.#authenticated[by]++
    // What the token said is a line of the acceptor's.
    if (by !== 'token') this.#note(() => `${identity.principal} is known by ${HOW[by]}${from(event)}`)
    notify(this.#listeners.onAuthenticated, event)
  }

  /** A refusal that the acceptor has published already. */
  failed(event: FailedEvent): void {
    this.#failed.set(event.code, (this.#failed.get(event.code) ?? 0) + 1)
    notify(this.#listeners.onFailed, event)
  }

  /**
   * A refusal that the acceptor has not seen: it appears among the acceptor's, so that whoever
   * watches one channel misses nothing.
   */
  refusedUnseen(event: FailedEvent): void {
    const { code, error, clientAddress, mechanism, identity } = event
    const { message, hint } = error
    const exchange = {
      kind: 'exchange',
      outcome: 'refused',
      code,
      message,
      hint,
      error,
      mechanism,
      clientAddress,
      client: identity?.principal,
    } as const
    this.#ofAcceptor.publish(exchange)
    this.failed(event)
  }

  /** Somebody comes in of whom nothing is known. */
  passed(event: { readonly clientAddress?: string }): void {
    this.#note(() => `a caller passes unknown (mode optional${from(event)})`)
  }

  /** `headers` are those that begin it; none: it was not begun. */
  sessionBegun({ principal }: CallerIdentity, by: 'session' | 'connection', headers: ResponseHeaders): void {
    const what = Object.keys(headers).length > 0 ? 'from now on' : 'not begun, which would have been'
    this.#note(() => `${principal}: ${what} known by ${HOW[by]}`)
  }

  sessionEnded(): void {
    this.#note(() => 'the app has ended a session')
  }

  /** Routine. */
  #note(text: () => string): void {
    this.#journal.note(() => ({ level: 'debug', text: text() }))
  }
}

const HOW = { session: 'a cookie session', connection: 'its connection' } as const

function from({ clientAddress }: { readonly clientAddress?: string }): string {
  return clientAddress === undefined ? '' : `, from ${clientAddress}`
}

/**
 * A fault of a listener must not change who is let in. It surfaces like that of a diagnostics
 * subscriber.
 */
function notify<T>(listener: ((event: T) => void) | undefined, event: T): void {
  try {
    listener?.(event)
  } catch (error) {
    process.nextTick(() => {
      throw error
    })
  }
}
