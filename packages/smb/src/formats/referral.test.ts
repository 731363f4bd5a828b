import { expect, test } from 'vitest'
import { utf16 } from '../wire/octets.js'
import { readReferral, referralRequest } from './referral.js'

const PATH = '\\a\\dfs\\link\\x.txt'

/** An answer with one entry; `changes` by place. */
function answer(changes: Readonly<Record<number, number>> = {}): Uint8Array {
  const octets = Uint8Array.of(
    ...[22, 0, 1, 0, 2, 0, 0, 0],
    ...[3, 0, 34, 0, 0, 0, 0, 0, 60, 0, 0, 0, 34, 0, 34, 0, 34, 0],
    ...new Uint8Array(16),
    ...utf16('\\b\\c\0'),
  )
  for (const [at, value] of Object.entries(changes)) octets[Number(at)] = value
  return octets
}

test('a referral says which part of the path is elsewhere, where, and for how long', () => {
  expect(readReferral(answer(), PATH)).toEqual({
    consumed: '\\a\\dfs\\link',
    rest: 'x.txt',
    timeToLive: 60_000,
    targets: ['\\b\\c'],
  })
  expect(referralRequest('\\a')).toEqual(Uint8Array.of(4, 0, 92, 0, 97, 0, 0, 0))
})

test.each<[string, Record<number, number>, string]>([
  ['part of a name', { 0: 20 }, 'PathConsumed'],
  ['half a character', { 0: 21 }, 'PathConsumed'],
  ['nothing', { 0: 0 }, 'PathConsumed'],
  ['more than was asked for', { 0: 200 }, 'PathConsumed'],
  ['no target', { 2: 0 }, 'NumberOfReferrals'],
  ['more targets than there are', { 2: 9 }, 'VersionNumber'],
  ['hundreds of targets', { 2: 255 }, 'NumberOfReferrals'],
  ['another version', { 8: 1 }, 'VersionNumber'],
  ['an entry without a size', { 10: 0 }, 'Size'],
  ['a list of names', { 14: 2 }, 'ReferralEntryFlags'],
  ['a target behind the end', { 24: 250 }, 'octets'],
])('a referral of %s is refused', (_what, changes, named) => {
  expect(() => readReferral(answer(changes), PATH)).toThrow(named)
})
