import { NetlogonUnreachableError } from '../errors.js'

/**
 * Returns what comes of work that others wait for too, or that cannot be stopped: only the wait
 * ends with `signal`.
 *
 * @param what is waited for: `the password of the machine account`
 * @throws NetlogonUnreachableError ETIMEDOUT, and what the work throws
 */
export function inTime<T>(signal: AbortSignal, work: Promise<T>, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = (): void => reject(new NetlogonUnreachableError(`${what} did not come in time`, { code: 'ETIMEDOUT' }))
    signal.addEventListener('abort', late, { once: true })
    if (signal.aborted) late()
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', late))
  })
}
