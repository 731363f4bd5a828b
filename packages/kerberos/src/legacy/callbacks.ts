/** A callback of the API before 1.0: an error, or null and a result. */
export type Callback<T> = (error: Error | null, result?: T) => void

/**
 * Runs an operation and calls back. What the callback itself throws is an uncaught exception, as
 * with every callback of Node, and not a rejection that nobody sees.
 */
export function calledBack<T>(callback: Callback<T>, operation: () => Promise<T>): void {
  operation().then(
    (result) => process.nextTick(callback, null, result),
    (error: unknown) => process.nextTick(callback, error instanceof Error ? error : new Error(String(error))),
  )
}
