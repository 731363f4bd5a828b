/**
 * Runs a function with a time limit in milliseconds. When it ends, the timer and the listener are
 * removed.
 */
export async function withDeadline<T>(
  milliseconds: number,
  parent: AbortSignal | undefined,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  parent?.throwIfAborted()
  const controller = new AbortController()
  const stop = (): void => controller.abort(parent?.reason)
  const timer = setTimeout(() => controller.abort(new DeadlinePassed(milliseconds)), milliseconds)
  parent?.addEventListener('abort', stop, { once: true })
  try {
    return await unlessAborted(run(controller.signal), controller.signal)
  } finally {
    clearTimeout(timer)
    parent?.removeEventListener('abort', stop)
  }
}

/** The time limit of an option has passed. */
export class DeadlinePassed extends Error {
  override readonly name = 'TimeoutError'

  constructor(milliseconds: number) {
    super(`no answer within ${milliseconds} ms`)
  }
}

/** Resolves as the promise does, but rejects as soon as the signal aborts. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
