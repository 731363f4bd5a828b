import { setImmediate as nextTurn } from 'node:timers/promises'

/** The number of octets of a page that are read before its connection is given up. */
export const MAX_DISCARDED = 64 * 1024

/**
 * How long such a page may take to come. A new connection opens sooner, and a body that drips would
 * hold the request up; milliseconds.
 */
export const MAX_DISCARDING = 1_000

/**
 * Reads the body of a response that is not handed out, so that its connection can carry the next
 * leg: a server may negotiate with the connection. If the body is long or slow, the connection is
 * given up.
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
        // undici sees the connection as free one turn after the end of the body.
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

/** Cancels a response that is not handed out, with its connection, without waiting for it. */
export function abandon({ body }: Response): void {
  if (body !== null && !body.locked) forget(body.cancel())
}

/** Ignores the result of a promise. */
function forget(promise: Promise<void>): void {
  promise.catch(() => {})
}
