import { STATUS_CODES } from 'node:http'
import type { Dispatcher } from 'undici'
import type { Attempt, Judgement } from '../negotiation/attempt.js'
import { MAX_DISCARDED, MAX_DISCARDING } from '../answers/discard.js'
import { type Handler, newerHandler } from './handler-kinds.js'
import { isReplayableBody } from './replayable-body.js'
import { withHeader } from './request-headers.js'
import { type ResponseHeaders, withoutHeaders, withoutUndefined } from './response-headers.js'
import { UNSENT } from './unsent.js'

type Dispatch = Dispatcher.Dispatch
type DispatchOptions = Dispatcher.DispatchOptions
type Controller = Dispatcher.DispatchController

/** The status and the headers of authentication: of a backend (401) or of a proxy (407). */
export interface AuthenticationKind {
  readonly refusal: 401 | 407
  readonly challenge: 'www-authenticate' | 'proxy-authenticate'
  readonly header: 'authorization' | 'proxy-authorization'
}

export const SERVER_AUTHENTICATION: AuthenticationKind = {
  refusal: 401,
  challenge: 'www-authenticate',
  header: 'authorization',
}
export const PROXY_AUTHENTICATION: AuthenticationKind = {
  refusal: 407,
  challenge: 'proxy-authenticate',
  header: 'proxy-authorization',
}

/** Starts attempts to authenticate one request. */
export interface AttemptSource {
  /** Resolves undefined if the request is first sent as it is. */
  first(): Promise<Attempt | undefined>
  /**
   * Called when the server asks for a token.
   * @param replayable whether the request can be sent again
   */
  asked(replayable: boolean, challenge: string | string[] | undefined): Promise<Attempt | undefined>
  /**
   * Judges an answer to a request without a token, if the server did not ask for one. Returns
   * undefined if the answer may be handed out.
   * @throws if the answer is not believed
   */
  unasked?(status: number): Judgement | undefined
  /** Called when the server could not open the ticket. */
  withFreshTicket(failed: Attempt): Promise<Attempt | undefined>
}

/**
 * Sends one request of undici in as many legs as it takes, and passes the last answer to `handler`.
 */
export function dispatchNegotiating(
  dispatch: Dispatch,
  options: DispatchOptions,
  handler: Handler,
  kind: AuthenticationKind,
  attempts: AttemptSource,
): true {
  // Node's own fetch may have an older undici, whose handlers have other methods.
  const request = new NegotiatingHandler(dispatch, options, newerHandler(handler), kind, attempts)
  attempts.first().then(
    (attempt) => request.send(attempt),
    (error: Error) => request.fail(error),
  )
  return true
}

class NegotiatingHandler implements Handler {
  readonly #dispatch: Dispatch
  readonly #options: DispatchOptions
  readonly #inner: Handler
  readonly #kind: AuthenticationKind
  readonly #attempts: AttemptSource
  #attempt: Attempt | undefined
  /** What to do when the answer that is being discarded has ended. */
  #afterDiscarding: (() => void) | undefined
  #discarded = 0
  #isGivenUp = false
  #timer: ReturnType<typeof setTimeout> | undefined
  #started = false

  constructor(
    dispatch: Dispatch,
    options: DispatchOptions,
    inner: Handler,
    kind: AuthenticationKind,
    attempts: AttemptSource,
  ) {
    this.#dispatch = dispatch
    this.#options = options
    this.#inner = inner
    this.#kind = kind
    this.#attempts = attempts
  }

  send(attempt: Attempt | undefined, authorization: string | undefined = attempt?.authorization): void {
    this.#attempt = attempt
    this.#afterDiscarding = undefined
    const { header } = this.#kind
    const headers =
      authorization === undefined ? this.#options.headers : withHeader(this.#options.headers, header, authorization)
    try {
      this.#dispatch({ ...this.#options, headers }, this)
    } catch (error) {
      this.fail(error instanceof Error ? error : new Error(String(error)))
    }
  }

  fail(error: Error): void {
    if (!this.#started) {
      // A handler expects `onRequestStart` before a failure.
      this.#started = true
      this.#inner.onRequestStart?.(UNSENT, {})
    }
    this.#inner.onResponseError?.(UNSENT, error)
  }

  onRequestStart(controller: Controller, context: unknown): void {
    this.#started = true
    this.#inner.onRequestStart?.(controller, context)
  }

  /** An error that is thrown here closes the connection, and the handler gets it as a failure. */
  onRequestUpgrade(...args: Parameters<NonNullable<Handler['onRequestUpgrade']>>): void {
    const [, status, headers] = args
    this.#judge(status, headers[this.#kind.challenge])
    this.#inner.onRequestUpgrade?.(...args)
  }

  onResponseStart(controller: Controller, status: number, headers: ResponseHeaders, message?: string): void {
    const challenge = headers[this.#kind.challenge]
    const handOut = (): void => this.#inner.onResponseStart?.(controller, status, withoutUndefined(headers), message)
    // An early hint or another 1xx: the answer, with the server's proof, is still to come. Source:
    // RFC 9110 section 15.2.
    if (status < 200) {
      handOut()
      return
    }
    let judgement: Judgement | undefined
    try {
      judgement = this.#judge(status, challenge)
    } catch (error) {
      controller.abort(error instanceof Error ? error : new Error(String(error)))
      return
    }
    if (judgement?.kind === 'unproven' && judgement.sanitize) {
      this.#handOutStatus(controller, status)
      return
    }
    const nextLeg = this.#nextLeg(judgement, status, challenge)
    if (nextLeg === undefined) {
      handOut()
      return
    }
    // It may take time to know whether another leg follows. Until then nothing is read.
    controller.pause()
    nextLeg.then(
      (next) => {
        if (next === undefined) handOut()
        else this.#discard(controller, next)
        controller.resume()
      },
      (error: Error) => controller.abort(error),
    )
  }

  onResponseStarted(): void {
    this.#inner.onResponseStarted?.()
  }

  onBodySent(...args: Parameters<NonNullable<Handler['onBodySent']>>): void {
    this.#inner.onBodySent?.(...args)
  }

  onRequestSent(): void {
    this.#inner.onRequestSent?.()
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.#afterDiscarding === undefined) this.#inner.onResponseData?.(controller, chunk)
    else if ((this.#discarded += chunk.length) > MAX_DISCARDED) this.#giveUp(controller)
  }

  onResponseEnd(controller: Controller, trailers: Record<string, string | string[]>): void {
    if (this.#afterDiscarding === undefined) this.#inner.onResponseEnd?.(controller, trailers)
    else this.#finishDiscarding(this.#afterDiscarding)
  }

  onResponseError(controller: Controller, error: Error): void {
    if (this.#afterDiscarding !== undefined && this.#isGivenUp) return this.#finishDiscarding(this.#afterDiscarding)
    clearTimeout(this.#timer)
    this.#inner.onResponseError?.(controller, error)
  }

  /**
   * Discards an answer, so that its connection can carry the next leg. A long or slow answer is
   * given up.
   */
  #discard(controller: Controller, next: () => void): void {
    this.#afterDiscarding = next
    this.#discarded = 0
    this.#isGivenUp = false
    this.#timer = setTimeout(() => this.#giveUp(controller), MAX_DISCARDING)
  }

  /** Hands out only the status. The rest of the answer is unproven and is discarded. */
  #handOutStatus(controller: Controller, status: number): void {
    const bare = withoutHeaders(controller)
    this.#inner.onResponseStart?.(bare, status, {}, STATUS_CODES[status])
    this.#discard(controller, () => this.#inner.onResponseEnd?.(bare, {}))
  }

  #giveUp(controller: Controller): void {
    this.#isGivenUp = true
    controller.abort(new Error('the page of a challenge is too long, or too slow'))
  }

  #finishDiscarding(next: () => void): void {
    clearTimeout(this.#timer)
    this.#afterDiscarding = undefined
    next()
  }

  #judge(status: number, challenge: string | string[] | undefined): Judgement | undefined {
    if (this.#attempt !== undefined) return this.#attempt.judge({ status, challenge })
    return status === this.#kind.refusal ? undefined : this.#attempts.unasked?.(status)
  }

  /**
   * Returns how to send the next leg, if there is one. A body that was a stream cannot be sent
   * again.
   */
  #nextLeg(
    judgement: Judgement | undefined,
    status: number,
    challenge: string | string[] | undefined,
  ): Promise<(() => void) | undefined> | undefined {
    const { refusal } = this.#kind
    const attempt = this.#attempt
    const replayable = isReplayableBody(this.#options.body)
    if (attempt === undefined)
      return status === refusal ? this.#sendWhenReady(this.#attempts.asked(replayable, challenge)) : undefined
    if (!replayable && judgement?.kind === 'stale') return this.#attempts.withFreshTicket(attempt).then(() => undefined)
    if (!replayable) return undefined
    if (judgement?.kind === 'again') return Promise.resolve(() => this.send(attempt, judgement.authorization))
    return judgement?.kind === 'stale' ? this.#sendWhenReady(this.#attempts.withFreshTicket(attempt)) : undefined
  }

  async #sendWhenReady(attempt: Promise<Attempt | undefined>): Promise<(() => void) | undefined> {
    const next = await attempt
    return next && (() => this.send(next))
  }
}
