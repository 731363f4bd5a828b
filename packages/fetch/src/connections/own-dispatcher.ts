import { ConfigurationError, type ServiceTicket, shownInput } from '@s4u/kdc-client'
import type { Dispatcher } from 'undici'
import { clientOf } from '../negotiation/attempt.js'
import type { IdentityConnections } from './connections.js'
import { NOBODY, OWN_AUTHORIZATION, SharedSessions, type SessionOwner } from './shared-sessions.js'

/** The connections of one identity, or of nobody, among those of a dispatcher that is the app's. */
export interface OwnConnections extends IdentityConnections {
  /**
   * Asks for leave to send one request, before it is handed to a fetch.
   * @throws ConfigurationError HTTP_1_1_REQUIRED where it would share an HTTP/2 session with
   * another identity
   */
  admit(url: URL, request: { readonly authorization?: string; readonly signal?: AbortSignal }): Promise<AdmittedRequest>
}

/** One request that may go, by `dispatcher`. `release` it when it is over. */
export interface AdmittedRequest {
  readonly dispatcher: Dispatcher
  release(): void
}

/**
 * The connections of a dispatcher that an app gives with a request: `fetch(url, { dispatcher })`.
 * They are the app's, and nobody knows who else uses them: so each request that goes by them ends
 * its connection, which then serves nobody else as the one before. Over HTTP/2, where a connection
 * carries many requests at once, that cannot be: a session that has carried one identity is refused
 * to others.
 *
 * The dispatcher's own time limits hold, and not those of `Connections`.
 */
export class OwnDispatcher {
  readonly #dispatcher: Dispatcher

  private constructor(dispatcher: Dispatcher) {
    this.#dispatcher = dispatcher
  }

  /** Undefined where none came with the request. @throws ConfigurationError */
  static of(given: unknown): OwnDispatcher | undefined {
    if (given === undefined || given === null) return undefined
    if (!isDispatcher(given)) throw noDispatcher(given)
    return new OwnDispatcher(given)
  }

  of(ticket: Pick<ServiceTicket, 'client'>): OwnConnections {
    return this.#connectionsFor(clientOf({ ticket }).client)
  }

  withoutIdentity(): OwnConnections {
    return this.#connectionsFor(NOBODY)
  }

  outsideOrigins(): OwnConnections {
    return this.#connectionsFor(NOBODY)
  }

  #connectionsFor(owner: SessionOwner): OwnConnections {
    const dispatcher = this.#dispatcher
    return {
      dispatcher: sendingBy(dispatcher, endingEach(dispatcher)),
      limits: UNLIMITED,
      bindings: () => undefined,
      admit: async (url, { authorization, signal }) => {
        const who = owner === NOBODY && authorization !== undefined ? OWN_AUTHORIZATION : owner
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

const sessions = new WeakMap<Dispatcher, SharedSessions>()

function sessionsOf(dispatcher: Dispatcher): SharedSessions {
  const known = sessions.get(dispatcher) ?? new SharedSessions(AGENT_FOR_EACH)
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
