import type { Dispatcher } from 'undici'

type Controller = Dispatcher.DispatchController

/** As undici hands them to handlers. */
export type ResponseHeaders = Record<string, string | string[] | undefined>

/**
 * For an answer whose headers are nobody's word: handlers of the older kind read them in its
 * controller.
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

export function withoutUndefined(headers: ResponseHeaders): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) kept[name] = value
  return kept
}
