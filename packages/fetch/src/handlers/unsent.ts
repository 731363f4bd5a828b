import type { Dispatcher } from 'undici'
import type { Handler } from './handler-kinds.js'

/**
 * Reports the failure of a request that was never sent. A handler expects `onRequestStart` before a
 * failure.
 */
export function failUnsent(handler: Handler, error: Error): void {
  handler.onRequestStart?.(UNSENT, {})
  handler.onResponseError?.(UNSENT, error)
}

/** The controller of a request that was never sent. */
export const UNSENT: Dispatcher.DispatchController = {
  aborted: true,
  paused: false,
  reason: null,
  rawHeaders: [],
  rawTrailers: [],
  abort() {},
  pause() {},
  resume() {},
}
