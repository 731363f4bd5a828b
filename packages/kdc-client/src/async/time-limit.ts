/**
 * Runs an operation that may take a limited time, and passes it a signal.
 *
 * The signal aborts when the time is over, when `parent` aborts, or when the operation calls `end`
 * to stop what it has started itself. No timer and no listener is left behind. An operation that
 * cannot be aborted is wrapped in `unlessAborted`.
 */
export async function withTimeLimit<T>(
  milliseconds: number,
  parent: AbortSignal | undefined,
  run: (signal: AbortSignal, end: (reason: Error) => void) => Promise<T>,
): Promise<T> {
  parent?.throwIfAborted()
  const controller = new AbortController()
  const stop = (): void => controller.abort(parent?.reason)
  const timer = setTimeout(() => controller.abort(timeout(milliseconds)), milliseconds)
  parent?.addEventListener('abort', stop, { once: true })
  try {
    return await run(controller.signal, (reason) => controller.abort(reason))
  } finally {
    clearTimeout(timer)
    parent?.removeEventListener('abort', stop)
  }
}

/**
 * Rejects when the signal aborts, even if the promise goes on. A later rejection of the promise is
 * ignored.
 *
 * @example
 * ```ts
 * import { unlessAborted } from '@s4u/kdc-client'
 *
 * // The name of a host, or a rejection after a second.
 * export function nameOf(lookUp: () => Promise<string>): Promise<string> {
 *   return unlessAborted(lookUp(), AbortSignal.timeout(1_000))
 * }
 * ```
 */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

function timeout(milliseconds: number): DOMException {
  return new DOMException(`no answer within ${milliseconds} ms`, 'TimeoutError')
}
