import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Decoder } from './decoder.js'
import { mutate } from './inputs/mutate.js'
import { Random } from './inputs/random.js'

export interface FuzzReport {
  readonly inputs: number
  readonly decoded: number
  readonly refused: number
  readonly seconds: number
  readonly slowest: { readonly milliseconds: number; readonly decoder: string }
  /** How much more memory is in use after the last input than after the first tenth, in octets. */
  readonly growth: number
  /** What went wrong, with the input: nothing, if all is well. */
  readonly failures: readonly string[]
}

/** One input may take this long. Slower than that, a few connections would keep a server busy. */
export const LIMIT_MS = 50

/** Failures beyond that say nothing new. */
const MAX_FAILURES = 10

/**
 * Runs each decoder on its share of `inputs` mutated seeds. The same seed gives the same inputs.
 */
export function fuzz(decoders: readonly Decoder[], inputs: number, seed: number): FuzzReport {
  const random = new Random(seed)
  const started = performance.now()
  const run = new FuzzRun()
  const share = Math.ceil(inputs / decoders.length)
  // Two rounds, so that memory is compared when every decoder has warmed up.
  for (const decoder of decoders) run.round(decoder, Math.ceil(share / 10), random)
  const before = memoryAfterCollection()
  for (const decoder of decoders) run.round(decoder, share - Math.ceil(share / 10), random)
  const growth = memoryAfterCollection() - before
  return { ...run.counts(), growth, seconds: (performance.now() - started) / 1000 }
}

class FuzzRun {
  #decoded = 0
  #refused = 0
  #slowest = { milliseconds: 0, decoder: '' }
  readonly #failures: string[] = []

  round(decoder: Decoder, inputs: number, random: Random): void {
    for (let input = 0; input < inputs; input++) {
      this.#one(decoder, mutate(random.pick(decoder.seeds), random.pick(decoder.seeds), random))
    }
  }

  counts(): Omit<FuzzReport, 'growth' | 'seconds'> {
    const [decoded, refused] = [this.#decoded, this.#refused]
    return { inputs: decoded + refused, decoded, refused, slowest: this.#slowest, failures: this.#failures }
  }

  #one(decoder: Decoder, bytes: Uint8Array): void {
    const milliseconds = this.#timed(decoder, bytes)
    if (milliseconds <= this.#slowest.milliseconds) return
    // Collections and other programs take time too: what is slow by itself is slow again.
    const again = Math.min(milliseconds, ...[0, 1, 2].map(() => timeOf(() => attempt(decoder, bytes))))
    if (again > this.#slowest.milliseconds) this.#slowest = { milliseconds: again, decoder: decoder.name }
    if (again > LIMIT_MS) this.#fail(decoder, bytes, `took ${again} ms`)
  }

  #timed(decoder: Decoder, bytes: Uint8Array): number {
    const started = performance.now()
    const error = attempt(decoder, bytes)
    const milliseconds = performance.now() - started
    if (error === undefined) this.#decoded++
    else {
      this.#refused++
      if (!decoder.errors.some((type) => error instanceof type)) this.#fail(decoder, bytes, String(error))
    }
    return milliseconds
  }

  #fail({ name }: Decoder, bytes: Uint8Array, what: string): void {
    if (this.#failures.length < MAX_FAILURES)
      this.#failures.push(`${name}: ${what}: ${Buffer.from(bytes).toString('hex')}`)
  }
}

function attempt(decoder: Decoder, bytes: Uint8Array): unknown {
  try {
    decoder.run(bytes)
    return undefined
  } catch (error) {
    return error ?? 'nothing was thrown'
  }
}

function timeOf(action: () => unknown): number {
  const started = performance.now()
  action()
  return performance.now() - started
}

function memoryAfterCollection(): number {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  collect()
  collect()
  // Octets lie outside of the heap: `external` counts those of array buffers as well.
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
