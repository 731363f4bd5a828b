import type { Dispatcher } from 'undici'
import { type Handler, newerHandler } from '../handlers/handler-kinds.js'
import { isSessionRefusal, NOBODY, type Admission, type SessionOwner, SharedSessions } from './shared-sessions.js'
import { failUnsent } from '../handlers/unsent.js'

/**
 * How one request goes by an Agent that others may use: it ends its connection, and shares no
 * HTTP/2 session with another identity.
 */
export class SharedAgentRequest {
  owner: SessionOwner = NOBODY
  readonly #dispatch: Dispatcher.Dispatch
  readonly #origin: string
  #admission: Admission | undefined

  constructor(dispatch: Dispatcher.Dispatch, origin: string) {
    this.#dispatch = dispatch
    this.#origin = origin
  }

  /** False where a request without a token would come by the session of an identity. */
  async mayGoUnasked(): Promise<boolean> {
    try {
      this.#admission = await sessions.admit(this.#origin, NOBODY)
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
 * Of all interceptors without `ownAgent`: an interceptor does not see which Agent it is on, and
 * that of one request may be that of another.
 */
const sessions = new SharedSessions(
  'Make an Agent for each identity and say so: new Agent({ allowH2: true }).compose(negotiateInterceptor({ ownAgent: true, … })). An Agent without HTTP/2, new Agent({ allowH2: false }), may be shared.',
)
