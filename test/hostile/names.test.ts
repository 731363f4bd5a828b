import {
  formatName,
  formatPrincipal,
  MalformedTokenError,
  NameType,
  parsePrincipal,
  type Principal,
  samePrincipal,
  sameRealmIgnoringCase,
} from '@s4u/krb5'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const part = fc
  .oneof(
    fc.string({ minLength: 1, maxLength: 12 }),
    fc.string({ unit: fc.constantFrom('a', '/', '@', '\\', '\n', '\t', '\b', 'n', ' '), minLength: 1 }),
  )
  .filter((text) => !text.includes('\0'))

describe('principals', () => {
  test('are what they were when they are printed and read again', () => {
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 3 }), part, (nameString, realm) => {
        const nameType = nameString.length === 1 ? NameType.PRINCIPAL : NameType.SRV_INST
        const principal: Principal = { name: { nameType, nameString }, realm }
        expect(parsePrincipal(formatPrincipal(principal))).toEqual(principal)
      }),
    )
  })

  test('with different names or realms are printed differently, whatever their types', () => {
    const named = fc.oneof(
      fc.record({ nameType: fc.constant(NameType.ENTERPRISE), nameString: fc.tuple(part) }),
      fc.record({
        nameType: fc.constantFrom(NameType.PRINCIPAL, NameType.SRV_INST, NameType.ENTERPRISE),
        nameString: fc.array(part, { minLength: 1, maxLength: 3 }),
      }),
    )
    const principal: fc.Arbitrary<Principal> = fc.record({ name: named, realm: part })
    fc.assert(
      fc.property(principal, principal, (left, right) => {
        if (formatPrincipal(left) === formatPrincipal(right)) expect(samePrincipal(left, right)).toBe(true)
        if (left.name.nameType === right.name.nameType && samePrincipal(left, right))
          expect(formatPrincipal(left)).toBe(formatPrincipal(right))
      }),
      { numRuns: 2000 },
    )
    const enterprise = { nameType: NameType.ENTERPRISE, nameString: ['alice/admin'] }
    const service = { nameType: NameType.SRV_INST, nameString: ['alice', 'admin'] }
    expect(formatName(enterprise)).not.toBe(formatName(service))
  })

  test('of any text are read or refused', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        try {
          expect(parsePrincipal(formatPrincipal(parsePrincipal(text)))).toEqual(parsePrincipal(text))
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedTokenError)
        }
      }),
    )
  })

  test('that are enterprise names keep their @, and are what they were when they are read again', () => {
    const options = { nameType: NameType.ENTERPRISE }
    const readable = fc.string({ unit: fc.constantFrom('a', '.', '@', 'ë'), minLength: 1 })
    fc.assert(
      fc.property(readable, (user) => {
        const text = `${user}@AD.TEST`
        expect(parsePrincipal(text, options)).toEqual({ name: { nameType: 10, nameString: [user] }, realm: 'AD.TEST' })
        expect(formatPrincipal(parsePrincipal(text, options))).toBe(text)
      }),
    )
    fc.assert(
      fc.property(part, part, (user, realm) => {
        const principal: Principal = { name: { nameType: NameType.ENTERPRISE, nameString: [user] }, realm }
        expect(parsePrincipal(formatPrincipal(principal), options)).toEqual(principal)
        expect(parsePrincipal(formatName(principal.name), { ...options, realm })).toEqual(principal)
      }),
    )
  })
})

test('realms are the same in either case of ASCII letters and in no other sense', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (left, right) => {
      const fold = (text: string): string => text.replace(/[a-z]/g, (letter) => letter.toUpperCase())
      expect(sameRealmIgnoringCase(left, right)).toBe(fold(left) === fold(right))
    }),
  )
  expect(sameRealmIgnoringCase('ad.test', 'AD.TEST')).toBe(true)
  for (const other of ['AD.TEſT', 'AD.TEST.', 'AD.TEST ', 'İD.TEST'])
    expect(sameRealmIgnoringCase('AD.TEST', other)).toBe(false)
})
