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

  // Reserved octets, control bits and flags that decide nothing, where a part is that is not there, how a number was written.
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
