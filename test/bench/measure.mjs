/**
 * Measures an operation next to the bare one below it: the CPU time of the process, all its
 * threads, so that neither other programs nor work that is handed to another thread make a
 * difference. The two take turns in short batches, so that what disturbs the machine disturbs both,
 * and the medians of the batches are compared.
 */

const WARM_UP_MS = 150
const BATCH_MS = 10
const BATCHES = 51

/**
 * @param {(row: { name: string, value: number, unit: string, floor?: number, ratio?: number }) =>
 * void} add
 * @returns {(name: string, operation: () => unknown, floor?: () => unknown) => Promise<void>}
 * measures microseconds of CPU per call; operations may be asynchronous
 */
export function measureWith(add) {
  return async (name, operation, floor) => {
    const subjects = [operation, floor].filter((one) => one !== undefined)
    const sizes = []
    for (const subject of subjects) sizes.push(await batchSize(subject))
    const costs = subjects.map(() => [])
    for (let batch = 0; batch < BATCHES; batch++) {
      for (const [index, subject] of subjects.entries()) costs[index].push(await costOfBatch(subject, sizes[index]))
    }
    const [value, bare] = costs.map(median)
    add({ name, value, unit: 'µs CPU', ...(bare === undefined ? {} : { floor: bare, ratio: value / bare }) })
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

/** Microseconds of CPU per call. */
async function costOfBatch(subject, size) {
  const before = process.cpuUsage()
  for (let call = 0; call < size; call++) {
    const result = subject()
    if (result instanceof Promise) await result
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / size
}

function median(values) {
  return values.toSorted((left, right) => left - right)[values.length >> 1]
}
