import type { Dispatcher } from 'undici'
import { type BackendTimeoutError, namedTimeout, timeoutOf } from './backend-timeout.js'
import { type Handler, PassingHandler } from '../handlers/handler-kinds.js'
import { failUnsent } from '../handlers/unsent.js'
import { undici } from './undici.js'

type Controller = Dispatcher.DispatchController
type Arguments<Name extends keyof Handler> = Parameters<NonNullable<Handler[Name]>>

/** The time limits of one request; milliseconds, or Infinity. */
export interface TimeLimits {
  /** Until the headers of the answer have come. The wait for a connection counts. */
  readonly answer: number
  /** From the headers to the end of the body. */
  readonly body: number
}

/**
 * Wraps a handler so that its request ends at the time limits. undici's own limits start again with
 * each octet or early hint, and only when a connection is free. So a backend that sends an octet
 * now and then could hold a request, and those that wait behind it, without an end.
 */
export function limited(handler: Handler, limits: TimeLimits, origin: string): Handler {
  const request = new LimitedRequest(limits, origin)
  // Node's own fetch has handlers of the older kind. To convert them would cost more than
  // everything else here. undici 8 does not accept the older kind.
  return handler.onRequestStart === undefined && takesOlder()
    ? new OlderHandler(handler, request)
    : new LimitedHandler(handler, request)
}

/** undici 8 has this class for dispatchers that must accept older handlers. */
const takesOlder = (): boolean => !('Dispatcher1Wrapper' in undici())

/** One request, from its start until the end of its answer. */
class LimitedRequest {
  readonly #limits: TimeLimits
  readonly #origin: string
  #timer: ReturnType<typeof setTimeout> | undefined
  #abort: ((error: Error) => void) | undefined
  #failure: BackendTimeoutError | undefined
  /** Reports the failure of a request that undici has not started yet. */
  onUnsent: (error: Error) => void = () => {}
  /** The handler knows of the failure, and expects nothing more. */
  isOver = false

  constructor(limits: TimeLimits, origin: string) {
    this.#limits = limits
    this.#origin = origin
    this.#start('answer')
  }

  /** Returns false if the time is over already. */
  begin(abort: (error: Error) => void): boolean {
    this.#abort = abort
    if (this.#failure === undefined) return true
    abort(this.#failure)
    return false
  }

  /** Early hints and other 1xx are not an answer. Source: RFC 9110 section 15.2. */
  answered(status: number): void {
    if (status >= 200) this.#start('body')
  }

  ended(): void {
    clearTimeout(this.#timer)
  }

  /** Returns the error to report for an error that has ended the request. */
  named(error: Error): Error {
    return namedTimeout(error, this.#origin)
  }

  #start(what: keyof TimeLimits): void {
    clearTimeout(this.#timer)
    const limit = this.#limits[what]
    if (limit === Infinity) return
    this.#timer = setTimeout(() => this.#expire(what), limit)
    // An unread body must not keep the process running.
    this.#timer.unref()
  }

  #expire(what: keyof TimeLimits): void {
    const failure = timeoutOf(this.#origin, `${what}TimeLimit`, this.#limits[what])
    this.#failure = failure
    if (this.#abort !== undefined) this.#abort(failure)
    else {
      this.isOver = true
      this.onUnsent(failure)
    }
  }
}

class LimitedHandler extends PassingHandler {
  readonly #request: LimitedRequest

  constructor(inner: Handler, request: LimitedRequest) {
    super(inner)
    this.#request = request
    request.onUnsent = (error) => failUnsent(this.inner, error)
  }

  override onRequestStart(controller: Controller, context: unknown): void {
    if (this.#request.begin((error) => controller.abort(error))) super.onRequestStart(controller, context)
  }

  override onRequestUpgrade(...args: Arguments<'onRequestUpgrade'>): void {
    this.#request.ended()
    super.onRequestUpgrade(...args)
  }

  override onResponseStart(...args: Arguments<'onResponseStart'>): void {
    this.#request.answered(args[1])
    super.onResponseStart(...args)
  }

  override onResponseEnd(...args: Arguments<'onResponseEnd'>): void {
    this.#request.ended()
    super.onResponseEnd(...args)
  }

  override onResponseError(controller: Controller, error: Error): void {
    this.#request.ended()
    if (!this.#request.isOver) super.onResponseError(controller, this.#request.named(error))
  }
}

/** As LimitedHandler, for handlers of undici 6 and older. */
class OlderHandler implements Handler {
  readonly #inner: Handler
  readonly #request: LimitedRequest

  constructor(inner: Handler, request: LimitedRequest) {
    this.#inner = inner
    this.#request = request
    request.onUnsent = (error) => inner.onError?.(error)
  }

  onConnect(abort: (error?: Error) => void): void {
    if (this.#request.begin(abort)) this.#inner.onConnect?.(abort)
  }

  onResponseStarted(): void {
    this.#inner.onResponseStarted?.()
  }

  onUpgrade(...args: Arguments<'onUpgrade'>): void {
    this.#request.ended()
    this.#inner.onUpgrade?.(...args)
  }

  onHeaders(...args: Arguments<'onHeaders'>): boolean {
    this.#request.answered(args[0])
    return this.#inner.onHeaders?.(...args) ?? true
  }

  onData(...args: Arguments<'onData'>): boolean {
    return this.#inner.onData?.(...args) ?? true
  }

  onComplete(...args: Arguments<'onComplete'>): void {
    this.#request.ended()
    this.#inner.onComplete?.(...args)
  }

  onError(error: Error): void {
    this.#request.ended()
    if (!this.#request.isOver) this.#inner.onError?.(this.#request.named(error))
  }

  onBodySent(...args: Arguments<'onBodySent'>): void {
    this.#inner.onBodySent?.(...args)
  }

  onRequestSent(): void {
    this.#inner.onRequestSent?.()
  }
}
