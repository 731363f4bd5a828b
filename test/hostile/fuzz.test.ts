import { expect, test } from 'vitest'
import { type Decoder, decoder } from './decoder.js'
import { decoders } from './decoders.js'
import { certificateDecoders } from './decoders/certificates.js'
import { gatewayDecoders } from './decoders/gateway.js'
import { gssDecoders } from './decoders/gssapi.js'
import { networkDecoders } from './decoders/network.js'
import { redisDecoders } from './decoders/redis.js'
import { signInDecoders } from './decoders/sign-in.js'
import { smbDecoders } from './decoders/smb.js'
import { fuzz, fuzzWithLongRuns, LIMIT_MS } from './fuzz.js'

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

const groups: Readonly<Record<string, readonly Decoder[]>> = {
  ...{ gssapi: gssDecoders, network: networkDecoders, certificates: certificateDecoders },
  ...{ 'sign-in': signInDecoders, gateway: gatewayDecoders, redis: redisDecoders, smb: smbDecoders },
}

/** A credential cache or a keytab is the service's own, and may take its time. */
const fromTheNetwork = Object.values(groups).flat()

/** `S4U_FUZZ_ONLY=smb` gives all inputs to one group. */
const only = process.env.S4U_FUZZ_ONLY
if (only !== undefined && !Object.hasOwn(groups, only))
  throw new Error(`S4U_FUZZ_ONLY=${only}: there are ${Object.keys(groups).join(', ')}`)
const fuzzed = only === undefined ? decoders : groups[only]

test.each(decoders.map((decoder) => [decoder.name, decoder] as const))(
  '%s: mutations start from what is decoded',
  async (_name, decoder) => {
    const outcomes = await Promise.allSettled(decoder.seeds.map(async (bytes) => decoder.run(bytes)))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).not.toEqual([])
  },
)

test('memory that is kept outside of the heap is found', async () => {
  const kept: Uint8Array[] = []
  const leak = decoder('leak', [new Uint8Array(4)], () => kept.push(new Uint8Array(1 << 20)), [])
  expect((await fuzz([leak], 100, 1)).growth).toBeGreaterThan(80 << 20)
  expect(kept.length).toBeGreaterThanOrEqual(100)
})

test('an error that comes later is found too', async () => {
  const late = decoder('late', [new Uint8Array(4)], async () => Promise.reject(new TypeError('late')))
  expect((await fuzz([late], 10, 1)).failures[0]).toContain('late: TypeError: late: ')
})

test('a decoder that reads a run of characters from each of them anew is found', async () => {
  const square = decoder('square', [new Uint8Array(4)], (bytes) => /=+$/.test(Buffer.from(bytes).toString('latin1')))
  const { failures } = await fuzzWithLongRuns([square], 10_000)
  expect(failures[0]).toMatch(/^square: took \d+/)
}, 120_000)

test('no reader of what comes over the network takes long for 60,000 times the same character', async () => {
  const report = await fuzzWithLongRuns(fromTheNetwork)
  const { milliseconds, decoder } = report.slowest
  console.log(`fuzzed with ${report.inputs} long runs, slowest ${milliseconds.toFixed(2)} ms (${decoder})`)
  expect(report.failures.map((failure) => failure.slice(0, 300))).toEqual([])
}, 120_000)

test(
  'no decoder throws anything but our errors, takes long or keeps memory',
  async () => {
    const report = await fuzz(fuzzed, inputs, seed)
    const { decoded, refused, seconds, slowest, growth, failures } = report
    const part = inputs < FULL ? ` (a share; npm run fuzz: ${FULL.toLocaleString('en')})` : ''
    console.log(
      `fuzzed ${fuzzed.length} decoders with ${report.inputs.toLocaleString('en')} inputs${part}, seed ${seed}: ${decoded} decoded, ${refused} refused, ` +
        `${seconds.toFixed(1)} s, slowest ${slowest.milliseconds.toFixed(2)} ms (${slowest.decoder}), memory ${(growth / 2 ** 20).toFixed(1)} MB larger`,
    )
    expect(failures).toEqual([])
    expect(slowest.milliseconds).toBeLessThan(LIMIT_MS)
    expect(growth).toBeLessThan(GROWTH_LIMIT)
  },
  Math.max(120_000, inputs / 5),
)
