import { RedisError } from './redis-error.js'

/**
 * Resolves to the answer, or rejects after `limit` milliseconds. What the server decides after that
 * is not known here. So the question is not asked again: after a `SET NX` that came too late, the
 * repeated one would look like a replay.
 *
 * @throws RedisError S4U_REDIS_UNREACHABLE
 */
export async function withinLimit<T>(limit: number, question: () => Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_resolve, reject) => {
    // The answer may lie in the socket, and it is this process that was busy: it is read first.
    timer = setTimeout(() => setImmediate(() => reject(unanswered(limit))), limit)
  })
  try {
    return await Promise.race([question(), late])
  } finally {
    clearTimeout(timer)
  }
}

function unanswered(limit: number): RedisError {
  return new RedisError(`Redis did not answer within ${limit} ms`, { code: 'S4U_REDIS_UNREACHABLE' })
}
