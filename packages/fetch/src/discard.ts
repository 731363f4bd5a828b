import { setImmediate as nextTurn } from 'node:timers/promises'

/** The page that a 401 or a redirect comes with; more is not worth keeping a connection for. Octets. */
const MAX_DISCARDED = 64 * 1024

/**
 * Reads the body of a response that nobody gets to see, so that its connection can carry the next leg: a server may negotiate with
 * the connection. A long body is given up, and the connection with it.
 */
export async function discard(response: Response): Promise<void> {
  const reader = response.body?.getReader()
  if (reader === undefined) return
  for (let total = 0; total <= MAX_DISCARDED;) {
    const { done, value } = await reader.read()
    if (done) {
      // undici counts the connection as free one turn after the body has ended.
      await nextTurn()
      return
    }
    total += value.length
  }
  await reader.cancel()
}
