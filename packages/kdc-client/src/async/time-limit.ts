/**
 * Runs something that may take only so long. The signal it is given aborts when the time is over, when `parent` does, or when it ends what
 * is still under way itself; neither a timer nor a listener is left when it ends. What heeds no signal goes through `abortable`.
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

/** Rejects when the signal aborts, whatever becomes of the promise. A rejection that comes after that is nobody's any more. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
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
