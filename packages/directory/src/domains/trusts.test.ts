import { decodeSid } from '@s4u/krb5'
import { expect, test } from 'vitest'
import { DirectoryEntry } from '../ldap/directory-entry.js'
import { readTrust } from './trusts.js'

const text = (value: string | number): Uint8Array => new TextEncoder().encode(String(value))
/** S-1-5-21-1-2-3 */
const SID = Uint8Array.of(1, 4, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0)

function trustOf(trustAttributes: number | string, trustDirection: number | string = 3, trustType = 2) {
  const values = { trustPartner: 'Partner.Test', flatName: 'Partner', trustAttributes, trustDirection, trustType }
  const attributes = Object.entries(values).map(([name, value]) => [name, [text(value)]] as const)
  return readTrust(new DirectoryEntry('CN=partner.test,CN=System', [...attributes, ['securityIdentifier', [SID]]]))
}

test('a trust has its partner, its SID and its flags', () => {
  expect(trustOf(8)).toEqual({
    partner: 'partner.test',
    flatName: 'PARTNER',
    sid: decodeSid(SID),
    kind: 'forest',
    letsIn: true,
    letsOut: true,
    selectiveAuthentication: false,
    sidFiltering: true,
    attributes: 8,
  })
})

// MS-ADTS section 6.1.6.7.9.
test.each([
  [0x8, 'forest', true, false],
  [0x8 | 0x40, 'forest', false, false],
  [0x8 | 0x40 | 0x4, 'forest', true, false],
  [0x8 | 0x10, 'forest', true, true],
  [0, 'external', false, false],
  [0x4, 'external', true, false],
  [0x4 | 0x10, 'external', true, true],
  [0x20, 'withinForest', undefined, false],
  ['no number', 'external', false, false],
])('trustAttributes %s: %s, SIDs filtered: %s, selective: %s', (attributes, kind, sidFiltering, selective) => {
  expect(trustOf(attributes)).toMatchObject({ kind, sidFiltering, selectiveAuthentication: selective })
})

test.each([
  [0, false, false],
  [1, false, true],
  [2, true, false],
  [3, true, true],
])('trustDirection %i lets in: %j, out: %j', (direction, letsIn, letsOut) => {
  expect(trustOf(8, direction)).toMatchObject({ letsIn, letsOut })
})

test('a realm of another kind of KDC has no SIDs to filter, and an entry without a partner is no trust', () => {
  expect(trustOf(0, 3, 3)).toMatchObject({ kind: 'realm', sidFiltering: undefined })
  expect(readTrust(new DirectoryEntry('CN=x', []))).toBeUndefined()
})
