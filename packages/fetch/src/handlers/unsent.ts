import type { Dispatcher } from 'undici'
import type { Handler } from './handler-kinds.js'

/**
 * Tells a handler that its request failed before it was sent. undici tells it by a request that has
 * begun.
 */
export function failUnsent(handler: Handler, error: Error): void {
  handler.onRequestStart?.(UNSENT, {})
  handler.onResponseError?.(UNSENT, error)
}

/** Stands for the controller of a request that was never sent. */
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
