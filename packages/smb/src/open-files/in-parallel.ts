/** Requests for one file on the way at the same time. */
const PARALLEL = 8

/** A part of a buffer. */
export interface Chunk {
  readonly from: number
  readonly until: number
}

/** Cuts a length into parts. */
export function* chunksOf(length: number, chunk: number): Generator<Chunk> {
  for (let from = 0; from < length; from += chunk) yield { from, until: Math.min(length, from + chunk) }
}

/** Ends with the first failure, when no action is under way any more. */
export async function inParallel<T>(items: Iterable<T>, action: (item: T) => Promise<void>): Promise<void> {
  const iterator = items[Symbol.iterator]()
  let hasFailed = false
  const work = async (): Promise<void> => {
    for (let next = iterator.next(); next.done !== true && !hasFailed; next = iterator.next()) {
      await action(next.value).catch((error: unknown) => {
        hasFailed = true
        throw error
      })
    }
  }
  const results = await Promise.allSettled(Array.from({ length: PARALLEL }, work))
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}
