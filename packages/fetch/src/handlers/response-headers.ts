import type { Dispatcher } from 'undici'

type Controller = Dispatcher.DispatchController

/** Response headers as undici gives them to handlers. */
export type ResponseHeaders = Record<string, string | string[] | undefined>

/**
 * Returns a controller without the headers of an unproven answer: handlers of the older kind read
 * the headers in the controller.
 */
export function withoutHeaders(controller: Controller): Controller {
  return {
    get aborted() {
      return controller.aborted
    },
    get paused() {
      return controller.paused
    },
    get reason() {
      return controller.reason
    },
    rawHeaders: [],
    rawTrailers: [],
    abort: (reason) => controller.abort(reason),
    pause: () => controller.pause(),
    resume: () => controller.resume(),
  }
}

/** Returns the headers that have a value. */
export function withoutUndefined(headers: ResponseHeaders): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) kept[name] = value
  return kept
}
