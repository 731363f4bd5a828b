import { ConfigurationError, type ServiceTicket, shownInput } from '@s4u/kdc-client'
import type { Dispatcher } from 'undici'
import { clientOf } from '../negotiation/attempt.js'
import type { IdentityConnections } from './connections.js'
import { NO_IDENTITY, OWN_AUTHORIZATION, Http2Sessions, type SessionOwner } from './http2-sessions.js'

/** The connections of one identity, or of requests without one, on a dispatcher of the app. */
export interface OwnConnections extends IdentityConnections {
  /**
   * Admits one request before it is handed to a fetch. @throws ConfigurationError HTTP_1_1_REQUIRED
   * if the request would share an HTTP/2 session with another identity
   */
  admit(url: URL, request: { readonly authorization?: string; readonly signal?: AbortSignal }): Promise<AdmittedRequest>
}

/** An admitted request: it is sent by `dispatcher`, and `release` is called when it is over. */
export interface AdmittedRequest {
  readonly dispatcher: Dispatcher
  release(): void
}

/**
 * Sends by a dispatcher that the app gives with a request: `fetch(url, { dispatcher })`. Other code
 * of the app may use the same dispatcher. So each request ends its connection, which then serves no
 * other identity as this one. An HTTP/2 session cannot be ended with one request: when it has
 * carried one identity, requests of others are refused.
 *
 * The dispatcher's own time limits apply, and not those of `Connections`.
 */
export class OwnDispatcher {
  readonly #dispatcher: Dispatcher

  private constructor(dispatcher: Dispatcher) {
    this.#dispatcher = dispatcher
  }

  /** Returns undefined where no dispatcher came with the request. @throws ConfigurationError */
  static of(given: unknown): OwnDispatcher | undefined {
    if (given === undefined || given === null) return undefined
    if (!isDispatcher(given)) throw noDispatcher(given)
    return new OwnDispatcher(given)
  }

  of(ticket: Pick<ServiceTicket, 'client'>): OwnConnections {
    return this.#connectionsFor(clientOf({ ticket }).client)
  }

  withoutIdentity(): OwnConnections {
    return this.#connectionsFor(NO_IDENTITY)
  }

  outsideOrigins(): OwnConnections {
    return this.#connectionsFor(NO_IDENTITY)
  }

  #connectionsFor(owner: SessionOwner): OwnConnections {
    const dispatcher = this.#dispatcher
    return {
      dispatcher: sendingBy(dispatcher, endingEach(dispatcher)),
      limits: UNLIMITED,
      bindings: () => undefined,
      admit: async (url, { authorization, signal }) => {
        const who = owner === NO_IDENTITY && authorization !== undefined ? OWN_AUTHORIZATION : owner
        const admission = await sessionsOf(dispatcher).admit(url.origin, who, signal)
        const dispatch = endingEach(dispatcher)
        return {
          dispatcher: sendingBy(dispatcher, (options, handler) => admission.dispatch(dispatch, options, handler)),
          release: () => admission.release(),
        }
      },
    }
  }
}

const sessions = new WeakMap<Dispatcher, Http2Sessions>()

function sessionsOf(dispatcher: Dispatcher): Http2Sessions {
  const known = sessions.get(dispatcher) ?? new Http2Sessions(AGENT_FOR_EACH)
  sessions.set(dispatcher, known)
  return known
}

const AGENT_FOR_EACH =
  'Give the requests of each identity an Agent of their own, or one without HTTP/2 to all: new Agent({ allowH2: false }). Without a dispatcher, connections: new Connections({ allowH2: true }) keeps sessions apart for each ticket by itself.'

function sendingBy(dispatcher: Dispatcher, dispatch: Dispatcher['dispatch']): Dispatcher {
  return new Proxy(dispatcher, {
    get: (target, key) => (key === 'dispatch' ? dispatch : Reflect.get(target, key)),
  })
}

function endingEach(dispatcher: Dispatcher): Dispatcher['dispatch'] {
  return (options, handler) => dispatcher.dispatch({ ...options, reset: true }, handler)
}

function isDispatcher(value: unknown): value is Dispatcher {
  return typeof value === 'object' && value !== null && 'dispatch' in value && typeof value.dispatch === 'function'
}

function noDispatcher(given: unknown): ConfigurationError {
  return new ConfigurationError(`fetch: dispatcher must be one of undici, not ${shownInput(given)}`, {
    hint: 'Give an Agent of undici, or leave it out: new Connections({ connectTimeout, headersTimeout, bodyTimeout }) sets the times for all requests.',
  })
}

const UNLIMITED = { answer: Infinity, body: Infinity }
