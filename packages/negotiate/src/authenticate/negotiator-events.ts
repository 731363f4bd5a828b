/** The events and log lines of a negotiator. */

import { AcceptorEvents, type EventListener } from '@s4u/acceptor'
import { type Journal, journalFor, type Logger, type S4uError } from '@s4u/kdc-client'
import type { CallerIdentity } from '../delegation/caller-identity.js'
import { CallerCounts, type NegotiatorCounters } from './negotiator-counters.js'
import type { NtlmUse } from './ntlm-use.js'
import type { Authenticated } from './outcome.js'
import type { ResponseHeaders } from '../http/response.js'
import type { NegotiableRequest } from '../http/request.js'
import type { Session } from '../session/session-revocation.js'

/** Functions that are told what becomes of the callers of requests. */
export interface NegotiatorListeners {
  /**
   * Called when a caller is asked to authenticate, or for the next leg. This is no error: browsers
   * send a token only when they are asked.
   */
  readonly onChallenge?: (event: ChallengeEvent) => void
  readonly onAuthenticated?: (event: AuthenticatedEvent) => void
  /**
   * Called when a token, a header or a session is refused, when a page of another site has sent the
   * request, and when a route refuses a known caller.
   */
  readonly onFailed?: (event: FailedEvent) => void
}

/** A caller was asked to authenticate, or for the next leg. */
export interface ChallengeEvent {
  /** The request, as the app has it. */
  readonly request: NegotiableRequest
  /** Why: no token came, one of another scheme, or a token of which a further leg follows. */
  readonly reason: 'no-token' | 'other-scheme' | 'continue'
  /** The client's address. */
  readonly clientAddress?: string
}

/** A caller is known: by which means, and from where. */
export interface AuthenticatedEvent {
  /** The request, as the app has it. */
  readonly request: NegotiableRequest
  /** Who it is. */
  readonly identity: CallerIdentity
  /** By a token, a session, the connection, or a way to sign in. */
  readonly by: Authenticated['by']
  /** The session by which the caller was known; absent where it begins with the answer. */
  readonly session?: Session
  /** The name of the source of `signIn`, where `by` is `sign-in`. */
  readonly source?: string
  /** Why the client came with NTLM, where it did. */
  readonly ntlm?: NtlmUse
  /** The client's address. */
  readonly clientAddress?: string
}

/** A caller was refused, with the error for the log. */
export interface FailedEvent {
  /** The request, as the app has it. */
  readonly request: NegotiableRequest
  /** `KRB_AP_ERR_SKEW`: the name under which failures are counted. */
  readonly code: string
  /**
   * For the log. Its `hint` says what to do: for NTLM, the usual reasons why a client has no
   * ticket.
   */
  readonly error: S4uError
  /** Undefined when a session was refused: the request goes on as if it had none. */
  readonly statusCode?: number
  /**
   * The known caller whom a route refused, with 403. Absent where a page of another site was
   * refused, since the token was not looked at.
   */
  readonly identity?: CallerIdentity
  /** What was offered in place of Kerberos: `ntlm`, `negoex`, `iakerb`, `unknown`. */
  readonly mechanism?: string
  /** The name of the source of `signIn` that refused the caller: `form`. */
  readonly source?: string
  /**
   * The name that was typed there, which nobody has proven to have. Show it to those who look for
   * guessing, and not to the caller. It is shown where it is that of an account. Of what is not (a
   * password in the wrong field) a digest is: `unknown 3f9a2c1b`.
   */
  readonly triedUser?: string
  /** Why the client came with NTLM, where it did. */
  readonly ntlm?: NtlmUse
  /** The client's address. */
  readonly clientAddress?: string
}

/** Publishes the events of one negotiator, and counts them. */
export class NegotiatorEvents {
  readonly #listeners: NegotiatorListeners
  readonly #ofAcceptor: AcceptorEvents
  readonly #journal: Journal
  readonly #counts = new CallerCounts()

  constructor(
    listeners: NegotiatorListeners & { readonly onEvent?: EventListener; readonly logger?: Logger | undefined },
  ) {
    const { onEvent, logger } = listeners
    this.#listeners = listeners
    this.#ofAcceptor = new AcceptorEvents({ onEvent, logger })
    this.#journal = journalFor(logger)
  }

  get counters(): NegotiatorCounters {
    return this.#counts.counters
  }

  challenged(event: ChallengeEvent): void {
    this.#counts.challenged()
    const { reason } = event
    this.#note(() => `asked a caller to authenticate (${reason}${from(event)})`)
    notify(this.#listeners.onChallenge, event)
  }

  authenticated(event: AuthenticatedEvent): void {
    const { identity, by, source } = event
    this.#counts.authenticated(event)
    if (source !== undefined) this.#signedIn(event, source)
    // The acceptor has already written a line about the token.
    else if (by !== 'token')
      this.#note(
        () => `${identity.principal} is known by ${by === 'session' ? HOW.session : HOW.connection}${from(event)}`,
      )
    notify(this.#listeners.onAuthenticated, event)
  }

  /** Counts a refusal that the acceptor has published already. */
  failed(event: FailedEvent): void {
    this.#counts.failed(event)
    notify(this.#listeners.onFailed, event)
  }

  /**
   * Publishes and counts a refusal that the acceptor does not know. It appears on the acceptor's
   * channel, so that a listener of that channel hears of every refusal.
   */
  refusedUnseen(event: FailedEvent): void {
    const { code, error, clientAddress, mechanism, identity, source, triedUser } = event
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
      source,
      triedUser,
    } as const
    this.#ofAcceptor.publish(exchange)
    this.failed(event)
  }

  /** Notes that an unknown caller comes in. */
  passed(event: { readonly clientAddress?: string }): void {
    this.#note(() => `a caller passes unknown (mode optional${from(event)})`)
  }

  /** Notes a new session. @param headers those that begin it; without any it was not begun */
  sessionBegun({ principal }: CallerIdentity, by: 'session' | 'connection', headers: ResponseHeaders): void {
    const what = Object.keys(headers).length > 0 ? 'from now on' : 'not begun, which would have been'
    this.#note(() => `${principal}: ${what} known by ${HOW[by]}`)
  }

  sessionEnded(): void {
    this.#note(() => 'the app has ended a session')
  }

  /** Publishes a sign-in on the acceptor's channel, where the audit has those with tokens. */
  #signedIn({ identity, clientAddress }: AuthenticatedEvent, source: string): void {
    const { principal: client, sid: clientSid, impersonationLevel } = identity
    this.#ofAcceptor.publish({
      ...{ kind: 'exchange', outcome: 'accepted', source, client, clientSid, clientAddress, impersonationLevel },
    })
  }

  /** Writes a line of routine. */
  #note(text: () => string): void {
    this.#journal.note(() => ({ level: 'debug', text: text() }))
  }
}

const HOW = { session: 'a cookie session', connection: 'its connection' } as const

function from({ clientAddress }: { readonly clientAddress?: string }): string {
  return clientAddress === undefined ? '' : `, from ${clientAddress}`
}

/**
 * A fault of a listener must not decide about a caller. It surfaces as an uncaught exception, like
 * that of a diagnostics subscriber.
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
