import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Decoder } from './decoder.js'
import { longRuns } from './inputs/long-runs.js'
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
export async function fuzz(decoders: readonly Decoder[], inputs: number, seed: number): Promise<FuzzReport> {
  const random = new Random(seed)
  const started = performance.now()
  const run = new FuzzRun()
  const share = Math.ceil(inputs / decoders.length)
  // Two rounds, so that memory is compared when every decoder has warmed up.
  for (const decoder of decoders) await run.round(decoder, Math.ceil(share / 10), random)
  const before = memoryAfterCollection()
  for (const decoder of decoders) await run.round(decoder, share - Math.ceil(share / 10), random)
  const growth = memoryAfterCollection() - before
  return { ...run.counts(), growth, seconds: (performance.now() - started) / 1000 }
}

/** Runs each decoder on its seeds with a long run of one character in them. */
export async function fuzzWithLongRuns(
  decoders: readonly Decoder[],
  length = RUN,
): Promise<Omit<FuzzReport, 'growth' | 'seconds'>> {
  const run = new FuzzRun()
  for (const decoder of decoders)
    for (const seed of decoder.seeds.slice(0, MAX_SEEDS))
      for (const bytes of longRuns(seed, length)) await run.one(decoder, bytes)
  return run.counts()
}

/** A service for big tickets takes headers of 64 KB. */
const RUN = 60_000

/** The first seeds of a decoder are of different forms, the others are more of them. */
const MAX_SEEDS = 2

class FuzzRun {
  #decoded = 0
  #refused = 0
  #slowest = { milliseconds: 0, decoder: '' }
  readonly #failures: string[] = []

  async round(decoder: Decoder, inputs: number, random: Random): Promise<void> {
    for (let input = 0; input < inputs; input++) {
      await this.one(decoder, mutate(random.pick(decoder.seeds), random.pick(decoder.seeds), random))
    }
  }

  counts(): Omit<FuzzReport, 'growth' | 'seconds'> {
    const [decoded, refused] = [this.#decoded, this.#refused]
    return { inputs: decoded + refused, decoded, refused, slowest: this.#slowest, failures: this.#failures }
  }

  async one(decoder: Decoder, bytes: Uint8Array): Promise<void> {
    const milliseconds = await this.#timed(decoder, bytes)
    if (milliseconds <= this.#slowest.milliseconds) return
    // Collections and other programs take time too: what is slow by itself is slow again.
    let again = milliseconds
    for (let time = 0; time < 3; time++) again = Math.min(again, await timeOf(decoder, bytes))
    if (again > this.#slowest.milliseconds) this.#slowest = { milliseconds: again, decoder: decoder.name }
    if (again > LIMIT_MS) this.#fail(decoder, bytes, `took ${again} ms`)
  }

  async #timed(decoder: Decoder, bytes: Uint8Array): Promise<number> {
    const started = performance.now()
    const outcome = attempt(decoder, bytes)
    // Most decoders are done by now, and waiting for nothing takes time as well.
    const error = outcome instanceof Promise ? await outcome : outcome
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

/** Undefined where all was read, else what was thrown, or a promise of either. */
function attempt(decoder: Decoder, bytes: Uint8Array): unknown {
  try {
    return decoder.run(bytes)?.catch(thrown)
  } catch (error) {
    return thrown(error)
  }
}

function thrown(error: unknown): unknown {
  return error ?? 'nothing was thrown'
}

async function timeOf(decoder: Decoder, bytes: Uint8Array): Promise<number> {
  const started = performance.now()
  await attempt(decoder, bytes)
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
