/**
 * Measures an operation next to the bare one below it. The two take turns in short batches, so that what disturbs
 * the machine disturbs both, and the medians of the batches are compared.
 */

const WARM_UP_MS = 150
const BATCH_MS = 10
const BATCHES = 51

/**
 * @param {(row: { name: string, value: number, unit: string, floor?: number, ratio?: number }) => void} add
 * @returns {(name: string, operation: () => unknown, floor?: () => unknown) => Promise<void>}
 *   measures microseconds per call; operations may be asynchronous
 */
export function measureWith(add) {
  return async (name, operation, floor) => {
    const subjects = [operation, floor].filter((one) => one !== undefined)
    const sizes = []
    for (const subject of subjects) sizes.push(await batchSize(subject))
    const times = subjects.map(() => [])
    for (let batch = 0; batch < BATCHES; batch++) {
      for (const [index, subject] of subjects.entries()) times[index].push(await timeBatch(subject, sizes[index]))
    }
    const [value, bare] = times.map(median)
    add({ name, value, unit: 'µs', ...(bare === undefined ? {} : { floor: bare, ratio: value / bare }) })
  }
}

/** Warms the operation up and finds how many calls fill a batch. */
async function batchSize(subject) {
  const until = performance.now() + WARM_UP_MS
  let calls = 0
  while (performance.now() < until) {
    const result = subject()
    if (result instanceof Promise) await result
    calls++
  }
  return Math.max(1, Math.round((calls * BATCH_MS) / WARM_UP_MS))
}

/** Microseconds per call. */
async function timeBatch(subject, size) {
  const started = performance.now()
  for (let call = 0; call < size; call++) {
    const result = subject()
    if (result instanceof Promise) await result
  }
  return ((performance.now() - started) * 1000) / size
}

function median(values) {
  return values.toSorted((left, right) => left - right)[values.length >> 1]
}
