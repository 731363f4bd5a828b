import { unlessAborted } from '@s4u/kdc-client'

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
