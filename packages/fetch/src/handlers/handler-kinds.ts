import type { Dispatcher } from 'undici'

/** A handler of undici 7 or 8. The types of undici 7 do not list `onRequestSent`. */
export type Handler = Dispatcher.DispatchHandler & { onRequestSent?(): void }
type Controller = Dispatcher.DispatchController
type Arguments<Name extends keyof Handler> = Parameters<NonNullable<Handler[Name]>>

/**
 * Returns a handler of undici 7 for one of undici 6, as Node's own fetch has. undici's own wrapper
 * reads two values of a header, such as two cookies, as one, and undici 8 has no such wrapper.
 */
export function newerHandler(handler: Handler): Handler {
  return handler.onRequestStart === undefined ? new NewerHandler(handler) : handler
}

class NewerHandler implements Handler {
  readonly #older: Handler

  constructor(older: Handler) {
    this.#older = older
  }

  onRequestStart(controller: Controller): void {
    this.#older.onConnect?.((reason) => controller.abort(reason ?? new Error('aborted')))
  }

  onRequestUpgrade(
    ...[controller, status, headers, socket]: Parameters<NonNullable<Handler['onRequestUpgrade']>>
  ): void {
    this.#older.onUpgrade?.(status, rawOf(controller.rawHeaders, headers), socket)
  }

  onResponseStarted(): void {
    this.#older.onResponseStarted?.()
  }

  onResponseStart(controller: Controller, status: number, headers: Headers, message = ''): void {
    const raw = rawOf(controller.rawHeaders, headers)
    const goesOn = this.#older.onHeaders?.(status, raw, () => controller.resume(), message)
    if (goesOn === false) controller.pause()
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.#older.onData?.(chunk) === false) controller.pause()
  }

  onResponseEnd(controller: Controller, trailers: Headers): void {
    this.#older.onComplete?.(rawOf(controller.rawTrailers, trailers).map((text) => text.toString('latin1')))
  }

  onResponseError(_controller: Controller, error: Error): void {
    this.#older.onError?.(error)
  }

  onBodySent(...args: Parameters<NonNullable<Handler['onBodySent']>>): void {
    this.#older.onBodySent?.(...args)
  }

  onRequestSent(): void {
    this.#older.onRequestSent?.()
  }
}

/** Passes every call on to another handler. A subclass overrides some of them. */
export class PassingHandler implements Handler {
  protected readonly inner: Handler

  constructor(inner: Handler) {
    this.inner = newerHandler(inner)
  }

  onRequestStart(controller: Controller, context: unknown): void {
    this.inner.onRequestStart?.(controller, context)
  }

  onRequestUpgrade(...args: Arguments<'onRequestUpgrade'>): void {
    this.inner.onRequestUpgrade?.(...args)
  }

  onResponseStarted(): void {
    this.inner.onResponseStarted?.()
  }

  onResponseStart(...args: Arguments<'onResponseStart'>): void {
    this.inner.onResponseStart?.(...args)
  }

  onResponseData(...args: Arguments<'onResponseData'>): void {
    this.inner.onResponseData?.(...args)
  }

  onResponseEnd(...args: Arguments<'onResponseEnd'>): void {
    this.inner.onResponseEnd?.(...args)
  }

  onResponseError(controller: Controller, error: Error): void {
    this.inner.onResponseError?.(controller, error)
  }

  onBodySent(...args: Arguments<'onBodySent'>): void {
    this.inner.onBodySent?.(...args)
  }

  onRequestSent(): void {
    this.inner.onRequestSent?.()
  }
}

type Headers = Record<string, string | string[] | undefined>

/**
 * Returns names and values in turn, as they came, if the dispatcher kept them. A name with several
 * values has a pair for each of them.
 */
function rawOf(raw: unknown, headers: Headers): Buffer[] {
  if (!Array.isArray(raw)) return Object.entries(headers).flatMap(([name, value = []]) => pairs(name, value))
  const list: readonly unknown[] = raw
  return list.flatMap((name, index) => (index % 2 === 0 ? pairs(name, list[index + 1]) : []))
}

function pairs(name: unknown, value: unknown): Buffer[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value]
  return values.flatMap((one) => [octetsOf(name), octetsOf(one)])
}

function octetsOf(text: unknown): Buffer {
  return Buffer.isBuffer(text) ? text : Buffer.from(String(text), 'latin1')
}
