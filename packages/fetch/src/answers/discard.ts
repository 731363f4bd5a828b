import { setImmediate as nextTurn } from 'node:timers/promises'

/**
 * The page that a 401 or a redirect comes with; more is not worth keeping a connection for. Octets.
 */
export const MAX_DISCARDED = 64 * 1024

/**
 * For such a page to come. A new connection is there sooner, and a body that drips would hold the
 * request up; milliseconds.
 */
export const MAX_DISCARDING = 1_000

/**
 * Reads the body of a response that nobody gets to see, so that its connection can carry the next
 * leg: a server may negotiate with the connection. A long or a slow body is given up, and the
 * connection with it.
 */
export async function discard(response: Response): Promise<void> {
  const reader = response.body?.getReader()
  if (reader === undefined) return
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), MAX_DISCARDING)
  })
  try {
    for (let total = 0; total <= MAX_DISCARDED;) {
      const chunk = await Promise.race([reader.read(), late])
      if (chunk === undefined) break
      if (chunk.done) {
        // undici counts the connection as free one turn after the body has ended.
        await nextTurn()
        return
      }
      total += chunk.value.length
    }
    forget(reader.cancel())
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Lets go of a response that is not handed out, and of its connection, without waiting for any of
 * it.
 */
export function abandon({ body }: Response): void {
  if (body !== null && !body.locked) forget(body.cancel())
}

/** What comes of it concerns nobody. */
function forget(promise: Promise<void>): void {
  promise.catch(() => {})
}
