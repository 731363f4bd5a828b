import { S4uError } from '@s4u/kdc-client'

/**
 * A backend took longer than the app lets it. Nothing of ours is wrong: the backend, or the limit,
 * must be seen to.
 */
export class BackendTimeoutError extends S4uError {
  override readonly name = 'BackendTimeoutError'
}

/** Which limit was met, by the option of `Connections` that sets it. */
export type TimedOut = 'answerTimeLimit' | 'bodyTimeLimit' | 'connectTimeout' | 'headersTimeout' | 'bodyTimeout'

const WHAT_HAPPENED: Readonly<Record<TimedOut, string>> = {
  answerTimeLimit: 'did not begin to answer',
  bodyTimeLimit: 'did not end its answer',
  connectTimeout: 'could not be connected to',
  headersTimeout: 'did not send the headers of its answer',
  bodyTimeout: 'sent nothing more of its answer',
}

/** @param limit milliseconds, where it is known */
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

/** What undici has ended for its time, as an error of ours; other errors as they are. */
export function namedTimeout(error: Error, origin: string): Error {
  const option = 'code' in error ? OF_UNDICI.get(error.code) : undefined
  return option === undefined ? error : timeoutOf(origin, option)
}
