import type { Dispatcher } from 'undici'
import { type Handler, newerHandler } from '../handlers/handler-kinds.js'
import { isSessionRefusal, NO_IDENTITY, type Admission, type SessionOwner, Http2Sessions } from './http2-sessions.js'
import { failUnsent } from '../handlers/unsent.js'

/**
 * Sends one request by an Agent that others may use too. The request ends its connection, and
 * shares no HTTP/2 session with another identity.
 */
export class SharedAgentRequest {
  owner: SessionOwner = NO_IDENTITY
  readonly #dispatch: Dispatcher.Dispatch
  readonly #origin: string
  #admission: Admission | undefined

  constructor(dispatch: Dispatcher.Dispatch, origin: string) {
    this.#dispatch = dispatch
    this.#origin = origin
  }

  /**
   * Resolves false if a request without a token would use the HTTP/2 session of an identity. That
   * request must carry a token, which shows whose it is.
   */
  async mayGoWithoutToken(): Promise<boolean> {
    try {
      this.#admission = await sessions.admit(this.#origin, NO_IDENTITY)
      return true
    } catch (error) {
      if (isSessionRefusal(error)) return false
      throw error
    }
  }

  readonly send: Dispatcher.Dispatch = (options, handler) => {
    const inner = newerHandler(handler)
    const admission = this.#admission
    this.#admission = undefined
    if (admission !== undefined) return this.#sendBy(admission, options, inner)
    sessions.admit(this.#origin, this.owner).then(
      (admitted) => this.#sendBy(admitted, options, inner),
      (error: Error) => failUnsent(inner, error),
    )
    return true
  }

  #sendBy(admission: Admission, options: Dispatcher.DispatchOptions, handler: Handler): boolean {
    try {
      return admission.dispatch(this.#dispatch, { ...options, reset: true }, handler)
    } catch (error) {
      failUnsent(handler, error instanceof Error ? error : new Error(String(error)))
      return true
    }
  }
}

/**
 * The sessions of all interceptors without `ownAgent`. An interceptor does not see its Agent, and
 * the Agents of two interceptors may be the same.
 */
const sessions = new Http2Sessions(
  'Make an Agent for each identity and say so: new Agent({ allowH2: true }).compose(negotiateInterceptor({ ownAgent: true, … })). An Agent without HTTP/2, new Agent({ allowH2: false }), may be shared.',
)
