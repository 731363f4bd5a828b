import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { MalformedTokenError } from '../errors/errors.js'
import { decodeClaims } from './buffers/claims.js'
import { decodeDelegationInfo } from './buffers/delegation-info.js'
import { decodeDeviceInfo, encodeDeviceInfo } from './buffers/device-info.js'
import { Pac } from './pac.js'
import { decompressXpressHuffman } from './encoding/xpress-huffman.js'

const read = (file: string): Record<string, string>[] =>
  JSON.parse(readFileSync(new URL(`../../../../test/vectors/pac/${file}`, import.meta.url), 'utf8')).vectors
const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'))

const device = encodeDeviceInfo({
  userId: 1,
  primaryGroupId: 2,
  accountDomainId: 'S-1-5-21-1-2-3',
  accountGroupIds: [{ relativeId: 515, attributes: 7 }],
  extraSids: [{ sid: 'S-1-18-1', attributes: 7 }],
  domainGroups: [{ domainId: 'S-1-5-32', groupIds: [{ relativeId: 544, attributes: 7 }] }],
})

/** Mutated inputs of each kind, some 200,000 in all. */
describe.each<[string, number, Uint8Array[], (bytes: Uint8Array) => unknown]>([
  ['PACs', 120_000, read('pacs.json').map(({ pac }) => hex(pac)), decodeEverything],
  ['claims', 40_000, read('claims.json').map(({ data }) => hex(data)), (bytes) => decodeClaims(bytes)],
  ['delegations', 30_000, delegations(), (bytes) => decodeDelegationInfo(bytes)],
  ['devices', 20_000, [device], (bytes) => decodeDeviceInfo(bytes)],
  ['compressed octets', 2_000, compressed(), (bytes) => decompressXpressHuffman(bytes, 0x1_0001, 0x4_0000, 'X')],
])('%s with random changes', (_what, count, seeds, decode) => {
  test('are decoded or refused with a path, at once', { timeout: 60_000 }, () => {
    const random = randomNumbers(count)
    let refused = 0
    let slowest = 0
    for (let i = 0; i < count; i++) {
      const bytes = mutate(seeds[i % seeds.length], random)
      const began = performance.now()
      refused += refusedAsMalformed(decode, bytes) ? 1 : 0
      if (performance.now() - began > AT_ONCE_MS) slowest = Math.max(slowest, fastestOf(5, decode, bytes))
    }
    expect(refused).toBeGreaterThan(count / 10)
    expect(slowest).toBeLessThan(AT_ONCE_MS)
  })
})

/**
 * Far more than any of these inputs takes, and far less than an input takes whose cost does not
 * depend on its size only.
 */
const AT_ONCE_MS = 500

/**
 * Returns the shortest time of several runs. A slow input is slow in each of them; a busy machine
 * is not.
 */
function fastestOf(times: number, decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): number {
  const durations = Array.from({ length: times }, () => {
    const began = performance.now()
    refusedAsMalformed(decode, bytes)
    return performance.now() - began
  })
  return Math.min(...durations)
}

function decodeEverything(bytes: Uint8Array): void {
  const pac = Pac.decode(bytes)
  const getters = [
    () => pac.sids(),
    () => pac.denyOnlySids(),
    () => pac.clientInfo,
    () => pac.upnDnsInfo,
    () => pac.serverChecksum,
    () => pac.kdcChecksum,
    () => pac.ticketChecksum,
    () => pac.fullChecksum,
    () => pac.delegationInfo,
    () => pac.attributes,
    () => pac.requestor,
    () => pac.deviceInfo,
    () => pac.clientClaims,
    () => pac.deviceClaims,
    () => pac.credentialInfo,
  ]
  const broken = getters.filter((getter) => refusedAsMalformed(getter, bytes))
  if (broken.length > 0) throw new MalformedTokenError({ path: 'PAC', expected: 'buffers', found: 'broken ones' })
}

function refusedAsMalformed(decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): boolean {
  try {
    decode(bytes)
    return false
  } catch (error) {
    if (error instanceof MalformedTokenError && error.path !== '') return true
    throw new Error(`not refused as malformed: ${Buffer.from(bytes).toString('hex')}`, { cause: error })
  }
}

function mutate(seed: Uint8Array, random: () => number): Uint8Array {
  const below = (limit: number) => Math.floor(random() * limit)
  let bytes = seed.slice()
  for (let changes = 1 + below(4); changes > 0 && bytes.length > 4; changes--) {
    const at = below(bytes.length)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const kind = below(8)
    if (kind === 0) bytes = bytes.slice(0, at)
    else if (kind === 1) bytes.copyWithin(at, below(bytes.length), below(bytes.length))
    else if (kind === 2) view.setUint32(below(bytes.length - 3) & ~3, INTERESTING[below(INTERESTING.length)], true)
    else if (kind === 3) view.setUint16(below(bytes.length - 1) & ~1, below(0x10000), true)
    else if (kind === 4) bytes[at] = below(256)
    else bytes[at] ^= 1 << below(8)
  }
  return bytes
}

/** Mulberry32: makes the same changes in every run. */
function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

function delegations(): Uint8Array[] {
  return read('buffers.json')
    .filter(({ name }) => name.startsWith('delegation'))
    .map(({ data }) => hex(data))
}

function compressed(): Uint8Array[] {
  return read('xpress-huffman.json').map((vector) => hex(vector.compressed))
}

const INTERESTING = [
  0, 1, 2, 7, 8, 0xff, 0x7fff, 0xffff, 0x10000, 0x1000_0001, 0x4000_0000, 0x7fff_ffff, 0xffff_fff8, 0xffff_ffff,
]
