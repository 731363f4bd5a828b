import {
  formatPrincipal,
  MalformedTokenError,
  NameType,
  parsePrincipal,
  type Principal,
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

  test('with different names are printed differently', () => {
    fc.assert(
      fc.property(
        fc.array(part, { minLength: 1, maxLength: 3 }),
        fc.array(part, { minLength: 1, maxLength: 3 }),
        (left, right) => {
          const print = (nameString: readonly string[]): string =>
            formatPrincipal({ name: { nameType: 1, nameString }, realm: 'R' })
          expect(print(left) === print(right)).toBe(JSON.stringify(left) === JSON.stringify(right))
        },
      ),
    )
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

  test('that are enterprise names keep their @', () => {
    const local = fc.string({ unit: fc.constantFrom('a', '.', '@', 'ë', '/'), minLength: 1 })
    fc.assert(
      fc.property(local, (user) => {
        const text = `${user}@AD.TEST`
        const options = { nameType: NameType.ENTERPRISE }
        expect(parsePrincipal(text, options)).toEqual({ name: { nameType: 10, nameString: [user] }, realm: 'AD.TEST' })
        expect(formatPrincipal(parsePrincipal(text, options))).toBe(text)
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
