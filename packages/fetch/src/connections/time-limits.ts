import * as undici from 'undici'
import type { Dispatcher } from 'undici'
import { type BackendTimeoutError, namedTimeout, timeoutOf } from './backend-timeout.js'
import { type Handler, PassingHandler } from '../handlers/handler-kinds.js'
import { failUnsent } from '../handlers/unsent.js'

type Controller = Dispatcher.DispatchController
type Arguments<Name extends keyof Handler> = Parameters<NonNullable<Handler[Name]>>

/** How long one request may take; milliseconds, or Infinity. */
export interface TimeLimits {
  /** Until the headers of the answer are there, waiting for a connection included. */
  readonly answer: number
  /** From then on until the end of the body. */
  readonly body: number
}

/**
 * Ends requests that take too long. undici's own limits begin anew with each octet or early hint,
 * and not before a connection is free: a backend that sends one now and then would hold a request,
 * and those behind it, for as long as it likes.
 */
export function limited(handler: Handler, limits: TimeLimits, origin: string): Handler {
  const request = new LimitedRequest(limits, origin)
  // The fetch of Node hands down handlers of the older kind, and converting them would cost more
  // than all else here. undici 8 takes them no more.
  return TAKES_OLDER && handler.onRequestStart === undefined
    ? new OlderHandler(handler, request)
    : new LimitedHandler(handler, request)
}

/** Since undici 8 those who need older handlers taken are to wrap their dispatcher in this. */
const TAKES_OLDER = !('Dispatcher1Wrapper' in undici)

/** One request, from when it is to be sent until the end of its answer. */
class LimitedRequest {
  readonly #limits: TimeLimits
  readonly #origin: string
  #timer: ReturnType<typeof setTimeout> | undefined
  #abort: ((error: Error) => void) | undefined
  #failure: BackendTimeoutError | undefined
  /** Tells the handler of a request that is not on its way yet. */
  onUnsent: (error: Error) => void = () => {}
  /** The handler has been told: it expects nothing more. */
  isOver = false

  constructor(limits: TimeLimits, origin: string) {
    this.#limits = limits
    this.#origin = origin
    this.#start('answer')
  }

  /** False when it is too late. */
  begin(abort: (error: Error) => void): boolean {
    this.#abort = abort
    if (this.#failure === undefined) return true
    abort(this.#failure)
    return false
  }

  /** Early hints and the like are no answer. Source: RFC 9110 section 15.2. */
  answered(status: number): void {
    if (status >= 200) this.#start('body')
  }

  ended(): void {
    clearTimeout(this.#timer)
  }

  /** What is said of an error that has ended it. */
  named(error: Error): Error {
    return namedTimeout(error, this.#origin)
  }

  #start(what: keyof TimeLimits): void {
    clearTimeout(this.#timer)
    const limit = this.#limits[what]
    if (limit === Infinity) return
    this.#timer = setTimeout(() => this.#expire(what), limit)
    // A body that nobody reads must not keep the process.
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

/** The same for handlers as undici had them before 7. */
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
