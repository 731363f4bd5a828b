import { MalformedTokenError } from '@s4u/krb5'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { accessCheck } from './access-check.js'
import { decodeSecurityDescriptor } from './decode-security-descriptor.js'
import { parseSddl } from './parse-sddl.js'

/**
 * What Windows made of these strings (ConvertStringSecurityDescriptorToSecurityDescriptor), as recorded in Samba's
 * libcli/security/tests/windows/conditional_aces.txt.json.
 */
const windows: readonly (readonly [string, readonly number[]])[] = [
  [
    'D:(D;OICI;GA;;;BG)(D;OICI;GA;;;AN)(A;OICI;GRGWGX;;;AU)(XA;;FX;;;S-1-1-0;(@User.Title == ""))(A;OICI;GA;;;BA)',
    // prettier-ignore
    [1, 0, 4, 128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0, 2, 0, 144, 0, 5, 0, 0, 0, 1, 3, 24, 0, 0, 0, 0, 16, 1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 34, 2, 0, 0, 1, 3, 20, 0, 0, 0, 0, 16, 1, 1, 0, 0, 0, 0, 0, 5, 7, 0, 0, 0, 0, 3, 20, 0, 0, 0, 0, 224, 1, 1, 0, 0, 0, 0, 0, 5, 11, 0, 0, 0, 9, 0, 48, 0, 160, 0, 18, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 97, 114, 116, 120, 249, 10, 0, 0, 0, 84, 0, 105, 0, 116, 0, 108, 0, 101, 0, 16, 0, 0, 0, 0, 128, 0, 0, 0, 0, 3, 24, 0, 0, 0, 0, 16, 1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0],
  ],
  [
    'D:(XA;;0x1f;;;AA;(!(! (Member_of{SID(AA)}))))',
    // prettier-ignore
    [1, 0, 4, 128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0, 2, 0, 68, 0, 1, 0, 0, 0, 9, 0, 60, 0, 31, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 67, 2, 0, 0, 97, 114, 116, 120, 80, 21, 0, 0, 0, 81, 16, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 67, 2, 0, 0, 137, 162, 162, 0, 0, 0],
  ],
  [
    'D:(XA;;0x1f;;;AA;(@Device.colour Contains @Resource.colour))S:(RA;;;;;WD;("colour",TS,0,"blue", "red"))',
    // prettier-ignore
    [1, 0, 20, 128, 0, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0, 104, 0, 0, 0, 2, 0, 84, 0, 1, 0, 0, 0, 18, 0, 76, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 24, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 38, 0, 0, 0, 48, 0, 0, 0, 99, 0, 111, 0, 108, 0, 111, 0, 117, 0, 114, 0, 0, 0, 98, 0, 108, 0, 117, 0, 101, 0, 0, 0, 114, 0, 101, 0, 100, 0, 0, 0, 2, 0, 72, 0, 1, 0, 0, 0, 9, 0, 64, 0, 31, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 67, 2, 0, 0, 97, 114, 116, 120, 251, 12, 0, 0, 0, 99, 0, 111, 0, 108, 0, 111, 0, 117, 0, 114, 0, 250, 12, 0, 0, 0, 99, 0, 111, 0, 108, 0, 111, 0, 117, 0, 114, 0, 134, 0],
  ],
  [
    'D:(XA;;0x1f;;;AA;(@Device.colour == {"orange", "blue"}))',
    // prettier-ignore
    [1, 0, 4, 128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0, 2, 0, 92, 0, 1, 0, 0, 0, 9, 0, 84, 0, 31, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 67, 2, 0, 0, 97, 114, 116, 120, 251, 12, 0, 0, 0, 99, 0, 111, 0, 108, 0, 111, 0, 117, 0, 114, 0, 80, 30, 0, 0, 0, 16, 12, 0, 0, 0, 111, 0, 114, 0, 97, 0, 110, 0, 103, 0, 101, 0, 16, 8, 0, 0, 0, 98, 0, 108, 0, 117, 0, 101, 0, 128, 0, 0, 0],
  ],
  [
    'D:(XA;;FR;;;S-1-1-0;(@USER.A || @Device.B && @USER.C))',
    // prettier-ignore
    [1, 0, 4, 128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0, 2, 0, 56, 0, 1, 0, 0, 0, 9, 0, 48, 0, 137, 0, 18, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 97, 114, 116, 120, 249, 2, 0, 0, 0, 65, 0, 251, 2, 0, 0, 0, 66, 0, 249, 2, 0, 0, 0, 67, 0, 160, 161, 0],
  ],
  [
    'D:(XA;;;;;WD;(@Device.bb == 0x7fffffffffffffff))',
    // prettier-ignore
    [1, 0, 4, 128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0, 2, 0, 56, 0, 1, 0, 0, 0, 9, 0, 48, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 97, 114, 116, 120, 251, 4, 0, 0, 0, 98, 0, 98, 0, 4, 255, 255, 255, 255, 255, 255, 255, 127, 3, 3, 128, 0, 0, 0],
  ],
  [
    'D:(XA;;FR;;;S-1-1-0;(Member_of {SID(S-1-999-777-7-7), SID(BO)} && @Device.Bitlocker))',
    // prettier-ignore
    [1, 0, 4, 128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0, 2, 0, 108, 0, 1, 0, 0, 0, 9, 0, 100, 0, 137, 0, 18, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 97, 114, 116, 120, 80, 46, 0, 0, 0, 81, 20, 0, 0, 0, 1, 3, 0, 0, 0, 0, 3, 231, 9, 3, 0, 0, 7, 0, 0, 0, 7, 0, 0, 0, 81, 16, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 39, 2, 0, 0, 137, 251, 18, 0, 0, 0, 66, 0, 105, 0, 116, 0, 108, 0, 111, 0, 99, 0, 107, 0, 101, 0, 114, 0, 160],
  ],
  [
    'D:(XD;;CC;;;S-1-2-3;(@User.Title == @User.Title))',
    // prettier-ignore
    [1, 0, 4, 128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0, 2, 0, 64, 0, 1, 0, 0, 0, 10, 0, 56, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 2, 3, 0, 0, 0, 97, 114, 116, 120, 249, 10, 0, 0, 0, 84, 0, 105, 0, 116, 0, 108, 0, 101, 0, 249, 10, 0, 0, 0, 84, 0, 105, 0, 116, 0, 108, 0, 101, 0, 128, 0],
  ],
]

describe('the binary form that Windows makes', () => {
  test.each(windows)('of %s is what its text says', (sddl, octets) => {
    expect(decodeSecurityDescriptor(Uint8Array.from(octets))).toEqual(parseSddl(sddl))
  })
})

describe('a broken binary form', () => {
  const whole = Uint8Array.from(windows[2][1])
  const changed = (at: number, ...octets: number[]): Uint8Array => {
    const copy = whole.slice()
    copy.set(octets, at)
    return copy
  }

  test.each([
    ['another revision', changed(0, 2)],
    ['not self-relative', changed(3, 0)],
    ['a part within the header', changed(16, 8)],
    ['a part behind the end', changed(16, 0, 1)],
    ['a part at an odd place', changed(16, 105)],
    ['an ACL of another revision', changed(104, 3)],
    ['an ACL longer than the descriptor', changed(106, 255, 255)],
    ['an ACL shorter than its head', changed(106, 7, 0)],
    ['more entries than there are', changed(108, 2)],
    ['an entry longer than the ACL', changed(114, 255, 0)],
    ['an entry of an odd length', changed(114, 63, 0)],
    ['an entry without room for its SID', changed(121, 15)],
    ['a SID of another revision', changed(120, 2)],
    ['an attribute of no known type', changed(20 + 8 + 4 + 4 + 12 + 4, 99)],
    ['an attribute whose name lies elsewhere', changed(20 + 8 + 4 + 4 + 12, 255)],
    ['too many values', changed(20 + 8 + 4 + 4 + 12 + 12, 255, 255)],
    ['nothing', new Uint8Array(0)],
  ])('%s', (_what, bytes) => {
    expect(() => decodeSecurityDescriptor(bytes)).toThrow(MalformedTokenError)
  })

  test('an expression that cannot be read allows nothing, and denies', () => {
    const unreadable = changed(20 + 84 + 8 + 8 + 16, 0)
    expect(decodeSecurityDescriptor(unreadable).dacl).toMatchObject([{ condition: 'unreadable' }])
    const caller = { sid: 'S-1-5-21-1-2-3-4', groups: ['S-1-5-32-579'] }
    expect(accessCheck(unreadable, 1, caller)).toBe(0)
  })

  test('whatever is changed, it is read or refused, and grants what its octets say and nothing else', () => {
    const caller = { sid: 'S-1-5-21-1-2-3-4', groups: ['S-1-5-32-579'] }
    let grants = 0
    const change = fc.tuple(fc.nat(whole.length - 1), fc.nat(255))
    fc.assert(
      fc.property(
        fc.constantFrom(...windows),
        fc.array(change, { minLength: 1, maxLength: 6 }),
        ([, octets], changes) => {
          const bytes = Uint8Array.from(octets)
          for (const [at, octet] of changes) bytes[at % bytes.length] = octet
          let granted: number
          try {
            granted = accessCheck(bytes, 1, caller)
          } catch (error) {
            expect(error).toBeInstanceOf(MalformedTokenError)
            return
          }
          if (granted === 0) return
          grants++
          expect(mayAllow(bytes, [caller.sid, ...caller.groups, 'S-1-1-0', 'S-1-5-2', 'S-1-5-11'])).toBe(true)
        },
      ),
      { numRuns: 3_000 },
    )
    expect(grants).toBeGreaterThan(50)
  })

  test('whatever text is written, it is read or refused', () => {
    const pieces = fc.constantFrom(
      'D:',
      'S:',
      'O:',
      '(',
      ')',
      ';',
      'A',
      'XA',
      'WD',
      'GA',
      '@User.',
      'a',
      '==',
      '&&',
      '!',
      '{',
      '}',
      '"',
      '1',
      'SID(',
      'Member_of',
      ' ',
      'RA',
      'TS',
      ',',
    )
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => {
        try {
          parseSddl(parts.join(''))
        } catch (error) {
          expect(error).toMatchObject({ name: 'ConfigurationError' })
        }
      }),
      { numRuns: 3_000 },
    )
  })
})

/** A second reader, of nothing but types, masks and SIDs: whether there is no list, or an entry that could allow right 1 to one of these. */
function mayAllow(bytes: Uint8Array, sids: readonly string[]): boolean {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const [control, dacl] = [view.readUInt16LE(2), view.readUInt32LE(16)]
  if ((control & 0x4) === 0 || dacl === 0) return true
  let at = dacl + 8
  for (let left = view.readUInt16LE(dacl + 4); left > 0; left--) {
    const [type, flags, size, mask] = [view[at], view[at + 1], view.readUInt16LE(at + 2), view.readUInt32LE(at + 4)]
    // GENERIC_ALL and GENERIC_READ hold FILE_READ_DATA, which is right 1.
    const allows = [0, 5, 9, 11].includes(type) && (flags & 0x8) === 0 && (mask & 0x9000_0001) !== 0
    if (allows && sids.includes(sidAt(view, sidOffset(view, at, type)))) return true
    at += size
  }
  return false
}

function sidOffset(view: Buffer, at: number, type: number): number {
  if (type !== 5 && type !== 11) return at + 8
  const present = view.readUInt32LE(at + 8)
  return at + 12 + 16 * ((present & 1) + ((present >> 1) & 1))
}

function sidAt(view: Buffer, at: number): string {
  const parts = Array.from({ length: view[at + 1] }, (_, index) => view.readUInt32LE(at + 8 + 4 * index))
  return ['S', view[at], view.readUIntBE(at + 2, 6), ...parts].join('-')
}
