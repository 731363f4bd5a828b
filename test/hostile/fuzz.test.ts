import { expect, test } from 'vitest'
import { decoder } from './decoder.js'
import { decoders } from './decoders.js'
import { fuzz, LIMIT_MS } from './fuzz.js'

/**
 * Where changes are judged; what `npm test` runs elsewhere is a share of that, and `npm run fuzz`
 * all of it.
 */
const FULL = 5_000_000
const SHARE = 300_000
const inCi = /^(1|true)$/i.test(process.env.CI ?? '')
const inputs = Number(process.env.S4U_FUZZ_INPUTS ?? (inCi ? FULL : SHARE))
/**
 * Another seed each day finds what yesterday's did not; a failure prints its input, which is all
 * that is needed to see it again.
 */
const seed = Number(process.env.S4U_FUZZ_SEED ?? Math.floor(Date.now() / 86_400_000))

/**
 * What every decoder together may keep after its inputs are gone: caches fill, code is compiled.
 */
const GROWTH_LIMIT = 16 << 20

test.each(decoders.map((decoder) => [decoder.name, decoder] as const))(
  '%s: mutations start from what is decoded',
  (_name, decoder) => {
    const decoded = decoder.seeds.filter((bytes) => {
      try {
        decoder.run(bytes)
        return true
      } catch {
        return false
      }
    })
    expect(decoded).not.toEqual([])
  },
)

test('memory that is kept outside of the heap is found', () => {
  const kept: Uint8Array[] = []
  const leak = decoder('leak', [new Uint8Array(4)], () => kept.push(new Uint8Array(1 << 20)), [])
  expect(fuzz([leak], 100, 1).growth).toBeGreaterThan(80 << 20)
  expect(kept.length).toBeGreaterThanOrEqual(100)
})

test(
  'no decoder throws anything but our errors, takes long or keeps memory',
  () => {
    const report = fuzz(decoders, inputs, seed)
    const { decoded, refused, seconds, slowest, growth, failures } = report
    const part = inputs < FULL ? ` (a share; npm run fuzz: ${FULL.toLocaleString('en')})` : ''
    console.log(
      `fuzzed ${decoders.length} decoders with ${report.inputs.toLocaleString('en')} inputs${part}, seed ${seed}: ${decoded} decoded, ${refused} refused, ` +
        `${seconds.toFixed(1)} s, slowest ${slowest.milliseconds.toFixed(2)} ms (${slowest.decoder}), memory ${(growth / 2 ** 20).toFixed(1)} MB larger`,
    )
    expect(failures).toEqual([])
    expect(slowest.milliseconds).toBeLessThan(LIMIT_MS)
    expect(growth).toBeLessThan(GROWTH_LIMIT)
  },
  Math.max(120_000, inputs / 5),
)
