import { S4uError } from '@s4u/kdc-client'

/**
 * A backend took longer than a time limit. The limit is too short, or the backend has to be looked
 * at.
 *
 * @example
 * ```ts
 * import { BackendTimeoutError, fetch } from '@s4u/fetch'
 *
 * try {
 *   await fetch('https://api.ad.test/slow')
 * } catch (error) {
 *   if (error instanceof BackendTimeoutError) console.error(error.hint)
 * }
 * ```
 */
export class BackendTimeoutError extends S4uError {
  override readonly name = 'BackendTimeoutError'
}

/** The limit, by the option of `Connections` that sets it. */
export type TimedOut = 'answerTimeLimit' | 'bodyTimeLimit' | 'connectTimeout' | 'headersTimeout' | 'bodyTimeout'

const WHAT_HAPPENED: Readonly<Record<TimedOut, string>> = {
  answerTimeLimit: 'did not begin to answer',
  bodyTimeLimit: 'did not end its answer',
  connectTimeout: 'could not be connected to',
  headersTimeout: 'did not send the headers of its answer',
  bodyTimeout: 'sent nothing more of its answer',
}

/** Makes the error for a limit. @param limit milliseconds, where it is known */
export function timeoutOf(origin: string, option: TimedOut, limit?: number): BackendTimeoutError {
  const within = limit === undefined ? 'in time' : `within ${limit} ms`
  return new BackendTimeoutError(`${origin} ${WHAT_HAPPENED[option]} ${within}`, {
    code: 'ETIMEDOUT',
    status: 504,
    hint: `Is the backend slow, or does it hold its clients up? new Connections({ ${option} }) sets the limit, in milliseconds.`,
  })
}

const OF_UNDICI: ReadonlyMap<unknown, TimedOut> = new Map([
  ['UND_ERR_CONNECT_TIMEOUT', 'connectTimeout'],
  ['UND_ERR_HEADERS_TIMEOUT', 'headersTimeout'],
  ['UND_ERR_BODY_TIMEOUT', 'bodyTimeout'],
])

/** Returns a BackendTimeoutError for a timeout of undici, and any other error as it is. */
export function namedTimeout(error: Error, origin: string): Error {
  const option = 'code' in error ? OF_UNDICI.get(error.code) : undefined
  return option === undefined ? error : timeoutOf(origin, option)
}
