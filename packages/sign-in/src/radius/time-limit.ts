/** The time limit of a question has passed. */
export class TimeLimitPassed extends Error {
  override readonly name = 'TimeoutError'
}

/**
 * Runs something that ends when one of the signals aborts, or after some time, milliseconds.
 * Rejects then, whatever becomes of it. Leaves neither a timer nor a listener.
 */
export async function withTimeLimit<T>(
  milliseconds: number,
  parents: readonly AbortSignal[],
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  for (const parent of parents) parent.throwIfAborted()
  const controller = new AbortController()
  const { signal } = controller
  const timer = setTimeout(
    () => controller.abort(new TimeLimitPassed(`no answer within ${milliseconds} ms`)),
    milliseconds,
  )
  const stop = ({ target }: Event): void => controller.abort(target instanceof AbortSignal ? target.reason : undefined)
  for (const parent of parents) parent.addEventListener('abort', stop, { once: true })
  try {
    return await new Promise<T>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      run(signal).then(resolve, reject)
    })
  } finally {
    clearTimeout(timer)
    for (const parent of parents) parent.removeEventListener('abort', stop)
  }
}
