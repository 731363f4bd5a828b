/**
 * Resolves to what `ask` answers, and rejects with `late()` when the answer takes longer than
 * `limit` milliseconds. The signal is aborted then, so that `ask` can stop its work. An `ask` that
 * ignores the signal is not waited for either.
 */
export async function withinLimit<T>(
  limit: number,
  late: () => Error,
  ask: (signal: AbortSignal) => T | Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const error = late()
      // In this order: an error of `ask` on hearing the signal must not hide that the answer was
      // late.
      reject(error)
      controller.abort(error)
    }, limit)
  })
  try {
    return await Promise.race([ask(controller.signal), timeout])
  } finally {
    clearTimeout(timer)
  }
}
