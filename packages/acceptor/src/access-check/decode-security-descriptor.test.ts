import { MalformedTokenError } from '@s4u/krb5'
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import { accessCheck } from './access-check.js'
import { decodeSecurityDescriptor } from './decode-security-descriptor.js'
import { windows } from './fixtures/windows-descriptors.js'
import { parseSddl } from './parse-sddl.js'

describe('the binary form that Windows makes', () => {
  test.each(windows)('of %s is what its text says', (sddl, octets) => {
    expect(decodeSecurityDescriptor(Uint8Array.from(octets))).toEqual(parseSddl(sddl))
  })
})

/** An ACCESS_ALLOWED entry for Everyone with every right. */
const ALLOW_EVERYBODY = [0, 0, 20, 0, 0xff, 0xff, 0x1f, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]

function attempt<T>(action: () => T): T | Error {
  try {
    return action()
  } catch (error) {
    if (error instanceof Error) return error
    throw error
  }
}

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

  const caller = { sid: 'S-1-5-21-1-2-3-4', groups: ['S-1-5-32-579'] }

  test('an expression that cannot be read allows nothing, and denies', () => {
    const unreadable = changed(20 + 84 + 8 + 8 + 16, 0)
    expect(decodeSecurityDescriptor(unreadable).dacl).toMatchObject([{ kind: 'allow', condition: 'unreadable' }])
    expect(accessCheck(unreadable, 1, caller)).toBe(0)
    // The same entry as one that denies, and behind it one that allows everybody everything.
    const [aclAt, aceAt] = [104, 112]
    const denying = Uint8Array.of(...unreadable, ...ALLOW_EVERYBODY)
    denying[aceAt] = 0x0a
    const size = denying.length - aclAt
    denying.set([size & 0xff, size >> 8, 2, 0], aclAt + 2)
    const dacl = [
      { kind: 'deny', condition: 'unreadable', mask: 0x1f },
      { kind: 'allow', sid: 'S-1-1-0' },
    ]
    expect(decodeSecurityDescriptor(denying).dacl).toMatchObject(dacl)
    expect(accessCheck(denying, 1, caller)).toBe(0)
    // What the entry does not speak of is not denied; nor are those it does not speak of.
    expect(accessCheck(denying, 0x20, caller)).toBe(0x20)
    expect(accessCheck(denying, 1, { ...caller, groups: [] })).toBe(1)
  })

  // Reserved octets, control bits and flags that decide nothing, where a part is that is not there,
  // how a number was written.
  const meaningless = (bytes: Uint8Array): ReadonlySet<number> => {
    const found = new Set([1, 2, 3, 12, 21, 26, 27])
    for (let at = 28; at + 4 <= bytes.length; at += bytes[at + 2] | (bytes[at + 3] << 8)) found.add(at + 1)
    return found
  }

  test.each(windows.filter(([text]) => !text.includes('S:(')))(
    'every flipped bit of %s is refused, changes what is read, or lies where nothing is said',
    (text, octets) => {
      const original = decodeSecurityDescriptor(Uint8Array.from(octets))
      const silent = meaningless(Uint8Array.from(octets))
      const base = text.includes('0x7fffffffffffffff') ? [70, 71] : []
      for (let at = 0; at < octets.length; at++) {
        if (silent.has(at) || base.includes(at)) continue
        for (let bit = 0; bit < 8; bit++) {
          const bytes = Uint8Array.from(octets)
          bytes[at] ^= 1 << bit
          const read = attempt(() => decodeSecurityDescriptor(bytes))
          if (read instanceof Error) expect(read).toBeInstanceOf(MalformedTokenError)
          else expect(isDeepStrictEqual(read, original), `bit ${bit} of octet ${at}`).toBe(false)
        }
      }
    },
  )
})

describe('a binary form that cannot be read is refused with its place', () => {
  const EVERYONE = [1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]
  const u16 = (value: number): number[] => [value & 0xff, value >> 8]
  const u32 = (value: number): number[] => [...u16(value & 0xffff), ...u16(value >>> 16)]
  const ace = (type: number, flags: number, ...body: readonly number[]) => [
    type,
    flags,
    ...u16(4 + body.length),
    ...body,
  ]
  const acl = (...aces: readonly (readonly number[])[]) => {
    const octets = aces.flat()
    return [2, 0, ...u16(8 + octets.length), ...u16(aces.length), 0, 0, ...octets]
  }
  const descriptor = (control: number, offsets: readonly number[], ...rest: readonly number[]) =>
    Uint8Array.from([1, 0, ...u16(control), ...offsets.flatMap(u32), ...rest])
  const withDacl = (...octets: readonly number[]) => descriptor(0x8004, [0, 0, 0, 20], ...octets)

  test.each<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(0), 'SECURITY_DESCRIPTOR.Revision: expected 1 octets, found 0 octets'],
    ['a revision', Uint8Array.of(2), 'SECURITY_DESCRIPTOR.Revision: expected 1, found 2'],
    ['no second octet', Uint8Array.of(1), 'SECURITY_DESCRIPTOR.Sbz1: expected 1 octets, found 0 octets'],
    ['no control', Uint8Array.of(1, 0), 'SECURITY_DESCRIPTOR.Control: expected 2 octets, found 0 octets'],
    ['pointers', descriptor(4, [0, 0, 0, 0]), 'SECURITY_DESCRIPTOR.Control: expected self-relative, found 4'],
    ['no owner', Uint8Array.of(1, 0, 0, 0x80), 'SECURITY_DESCRIPTOR.OffsetOwner: expected 4 octets, found 0 octets'],
    [
      'an owner in the header',
      descriptor(0x8000, [16, 0, 0, 0]),
      'SECURITY_DESCRIPTOR.OffsetOwner: expected a multiple of 4 within the descriptor, found 16',
    ],
    [
      'a group at the end',
      descriptor(0x8000, [0, 20, 0, 0]),
      'SECURITY_DESCRIPTOR.OffsetGroup: expected a multiple of 4 within the descriptor, found 20',
    ],
    [
      'a SACL at an odd place',
      descriptor(0x8000, [0, 0, 21, 0], 1, 2, 3),
      'SECURITY_DESCRIPTOR.OffsetSacl: expected a multiple of 4 within the descriptor, found 21',
    ],
    [
      'a DACL behind the end',
      descriptor(0x8000, [0, 0, 0, 24], 1, 2),
      'SECURITY_DESCRIPTOR.OffsetDacl: expected a multiple of 4 within the descriptor, found 24',
    ],
    ['a DACL of another revision', withDacl(3, 0, 8, 0, 0, 0, 0, 0), 'DACL.AclRevision: expected 2 or 4, found 3'],
    ['half a DACL', withDacl(2, 0, 8), 'DACL.AclSize: expected 2 octets, found 1 octets'],
    ['a DACL that is too small', withDacl(2, 0, 7, 0, 0, 0, 0, 0), 'DACL.AclSize: expected 8 to 8, found 7'],
    ['a DACL that is too big', withDacl(2, 0, 9, 0, 0, 0, 0, 0), 'DACL.AclSize: expected 8 to 8, found 9'],
    ['a missing entry', withDacl(2, 0, 8, 0, 1, 0, 0, 0), 'DACL.AceType: expected 1 octets, found 0 octets'],
    [
      'an entry without size',
      withDacl(2, 0, 10, 0, 1, 0, 0, 0, 0, 0),
      'DACL.AceSize: expected 2 octets, found 0 octets',
    ],
    [
      'an entry of three octets',
      withDacl(2, 0, 12, 0, 1, 0, 0, 0, 0, 0, 3, 0),
      'DACL.AceSize: expected a multiple of 4, header included, found 3',
    ],
    [
      'an entry of six octets',
      withDacl(2, 0, 14, 0, 1, 0, 0, 0, 0, 0, 6, 0, 0, 0),
      'DACL.AceSize: expected a multiple of 4, header included, found 6',
    ],
    [
      'an entry longer than the list',
      withDacl(2, 0, 12, 0, 1, 0, 0, 0, 0, 0, 8, 0),
      'DACL.AceSize: expected 4 octets, found 0 octets',
    ],
    ['an entry without a mask', withDacl(...acl(ace(0, 0))), 'DACL[0].Mask: expected 4 octets, found 0 octets'],
    [
      'an entry without a SID',
      withDacl(...acl(ace(0, 0, ...u32(1)))),
      'DACL[0].Sid: expected 1 octets, found 0 octets',
    ],
    [
      'no flags for objects',
      withDacl(...acl(ace(5, 0, ...u32(1)))),
      'DACL[0].Flags: expected 4 octets, found 0 octets',
    ],
    [
      'no type of an object',
      withDacl(...acl(ace(5, 0, ...u32(1), ...u32(1)))),
      'DACL[0].ObjectType: expected 16 octets, found 0 octets',
    ],
    [
      'no inherited type',
      withDacl(...acl(ace(5, 0, ...u32(1), ...u32(2)))),
      'DACL[0].InheritedObjectType: expected 16 octets, found 0 octets',
    ],
    [
      'a broken second entry',
      withDacl(...acl(ace(0, 0, ...u32(1), ...EVERYONE), ace(1, 0))),
      'DACL[1].Mask: expected 4 octets, found 0 octets',
    ],
    ['half an owner', descriptor(0x8000, [20, 0, 0, 0], 1, 5, 0, 0), 'OWNER: expected 4 octets, found 0 octets'],
    ['half a group', descriptor(0x8000, [0, 20, 0, 0], 1, 5, 0, 0), 'GROUP: expected 4 octets, found 0 octets'],
    [
      'an attribute without a mask',
      descriptor(0x8010, [0, 0, 20, 0], ...acl(ace(0x12, 0))),
      'SACL[0].Mask: expected 4 octets, found 0 octets',
    ],
    [
      'an attribute without a SID',
      descriptor(0x8010, [0, 0, 20, 0], ...acl(ace(0x12, 0, ...u32(0)))),
      'SACL[0].Sid: expected 1 octets, found 0 octets',
    ],
    [
      'an attribute of nothing',
      descriptor(0x8010, [0, 0, 20, 0], ...acl(ace(0x12, 0, ...u32(0), ...EVERYONE))),
      'SACL[0].AttributeData.Name: expected 4 octets, found 0 octets',
    ],
  ])('%s', (_what, octets, message) => {
    expect(() => decodeSecurityDescriptor(octets)).toThrow(
      expect.objectContaining({ name: 'MalformedTokenError', code: 'GSS_S_DEFECTIVE_TOKEN', message }),
    )
  })

  const guid = [0x33, 0x22, 0x11, 0, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff]
  const objectType = '00112233-4455-6677-8899-aabbccddeeff'
  const artx = [0x61, 0x72, 0x74, 0x78, 0xf8, 2, 0, 0, 0, 0x61, 0, 0]
  const condition = { kind: 'attribute', of: 'local', name: 'a' }

  test.each<[number, readonly number[], object]>([
    [0x00, [], { kind: 'allow' }],
    [0x01, [], { kind: 'deny' }],
    [0x05, [...u32(1), ...guid], { kind: 'allow', objectType }],
    [0x06, [...u32(3), ...guid, ...guid.toReversed()], { kind: 'deny', objectType }],
    [0x05, [...u32(2), ...guid], { kind: 'allow' }],
    [0x05, u32(0), { kind: 'allow' }],
    [0x09, [], { kind: 'allow', condition }],
    [0x0a, [], { kind: 'deny', condition }],
    [0x0b, [...u32(1), ...guid], { kind: 'allow', objectType, condition }],
    [0x0c, [...u32(1), ...guid], { kind: 'deny', objectType, condition }],
  ])('but an entry of type %i with %j is read', (type, front, shape) => {
    const body = [...u32(0x8000_0001), ...front, ...EVERYONE, ...('condition' in shape ? artx : [])]
    for (const [flags, inheritOnly] of [
      [0, false],
      [8, true],
      [0xff, true],
      [0xf7, false],
    ] as const) {
      const { dacl } = decodeSecurityDescriptor(withDacl(...acl(ace(type, flags, ...body))))
      expect(dacl).toEqual([{ inheritOnly, mask: 0x8000_0001, sid: 'S-1-1-0', ...shape }])
    }
  })

  test('and entries of other types are read over, and lists that are not there or not to count', () => {
    const other = ace(2, 0, ...u32(1), ...EVERYONE)
    expect(decodeSecurityDescriptor(withDacl(...acl(other)))).toEqual({
      owner: undefined,
      group: undefined,
      dacl: [],
      attributes: [],
    })
    const allow = acl(ace(0, 0, ...u32(1), ...EVERYONE))
    expect(decodeSecurityDescriptor(descriptor(0x8000, [0, 0, 0, 20], ...allow)).dacl).toBeUndefined()
    expect(decodeSecurityDescriptor(descriptor(0x8004, [0, 0, 0, 0])).dacl).toBeUndefined()
    const broken = ace(0x12, 0)
    expect(decodeSecurityDescriptor(descriptor(0x8000, [0, 0, 20, 0], ...acl(broken))).attributes).toEqual([])
    expect(decodeSecurityDescriptor(descriptor(0x8010, [0, 0, 0, 0])).attributes).toEqual([])
    expect(decodeSecurityDescriptor(descriptor(0x8010, [0, 0, 20, 0], ...acl(other))).attributes).toEqual([])
    expect(decodeSecurityDescriptor(descriptor(0x8000, [20, 20, 0, 0], ...EVERYONE))).toMatchObject({
      owner: 'S-1-1-0',
      group: 'S-1-1-0',
    })
    const four = [4, ...allow.slice(1)]
    expect(decodeSecurityDescriptor(withDacl(...four)).dacl).toHaveLength(1)
  })
})
