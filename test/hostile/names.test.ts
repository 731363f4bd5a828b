import { accessCheck, Identity } from '@s4u/acceptor'
import {
  asciiUpper,
  formatName,
  formatPrincipal,
  MalformedTokenError,
  NameType,
  parsePrincipal,
  type Principal,
  samePrincipal,
  sameRealmIgnoringCase,
} from '@s4u/krb5'
import { Krb5Configuration } from '../../packages/kdc-client/src/configuration/krb5-configuration.js'
import { transportFor } from '../../packages/kdc-client/src/locate/kdc-location.js'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const part = fc
  .oneof(
    fc.string({ minLength: 1, maxLength: 12 }),
    fc.string({ unit: fc.constantFrom('a', '/', '@', '\\', '\n', '\t', '\b', 'n', ' '), minLength: 1 }),
  )
  .filter((text) => !text.includes('\0'))

describe('principals', () => {
  test('survive printing and parsing', () => {
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 3 }), part, (nameString, realm) => {
        const nameType = nameString.length === 1 ? NameType.PRINCIPAL : NameType.SRV_INST
        const principal: Principal = { name: { nameType, nameString }, realm }
        expect(parsePrincipal(formatPrincipal(principal))).toEqual(principal)
      }),
    )
  })

  test('that differ in name or realm are printed differently; the type of a name makes no difference', () => {
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

  test('a text is refused or read as one principal, which is then always written in the same way', () => {
    let read = 0
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '/', '@', '\\', '.', 'n', 'ë'), maxLength: 14 })
    fc.assert(
      fc.property(text, (written) => {
        let principal: Principal
        try {
          principal = parsePrincipal(written)
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedTokenError)
          return
        }
        read++
        expect(parsePrincipal(formatPrincipal(principal))).toEqual(principal)
        // Compares with a second, simpler parser, which splits the text.
        expect([...principal.name.nameString, principal.realm]).toEqual(partsOf(written))
      }),
      { numRuns: 5_000 },
    )
    expect(read).toBeGreaterThan(300)
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (written) => {
        expect(() => parsePrincipal(`${written}@`)).toThrow(MalformedTokenError)
      }),
    )
  })

  test('that are enterprise names keep their @, and survive printing and parsing', () => {
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

/** Components and realm, by splitting at what is not behind a backslash. */
function partsOf(written: string): string[] {
  const parts = ['']
  let inRealm = false
  for (const piece of written.match(/\\.|[^\\]/gsu) ?? []) {
    const escaped = { '\\n': '\n', '\\b': '\b' }[piece] ?? piece.slice(-1)
    if (piece === '@' || (piece === '/' && !inRealm)) parts.push('')
    else parts[parts.length - 1] += escaped
    inRealm ||= piece === '@'
  }
  return parts
}

describe('realms are the same in either case of ASCII letters', () => {
  const flipped = (text: string): string =>
    text.replace(/[a-z]/gi, (letter) => (letter < 'a' ? letter.toLowerCase() : letter.toUpperCase()))
  const realm = fc.string({ unit: fc.constantFrom(...'aAkKsSiIzZ.-1éſKı'), minLength: 1, maxLength: 12 })

  test('when the case of any letters is changed', () => {
    fc.assert(
      fc.property(realm, fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }), (left, turn) => {
        const right = [...left].map((unit, at) => (turn[at] ? flipped(unit) : unit)).join('')
        expect(sameRealmIgnoringCase(left, right)).toBe(true)
        expect(sameRealmIgnoringCase(right, left)).toBe(true)
      }),
    )
  })

  test('and different when any other character differs', () => {
    fc.assert(
      fc.property(realm, fc.nat(), fc.constantFrom(...'abksKſıİé. '), (left, at, other) => {
        const place = at % left.length
        const right = left.slice(0, place) + other + left.slice(place + 1)
        const alike = left[place] === other || flipped(left[place]) === other
        expect(sameRealmIgnoringCase(left, right)).toBe(alike)
      }),
    )
    expect(sameRealmIgnoringCase('ad.test', 'AD.TEST')).toBe(true)
    for (const other of ['AD.TEſT', 'AD.TEST.', 'AD.TEST ', 'İD.TEST', 'ADTEST', 'AD\u0000TEST'])
      expect(sameRealmIgnoringCase('AD.TEST', other)).toBe(false)
    expect(sameRealmIgnoringCase('KRB.TEST', '\u212aRB.TEST')).toBe(false)
    expect(sameRealmIgnoringCase('krb.test', '\u212aRB.TEST')).toBe(false)
  })

  test('asciiUpper does not turn ſ, ı or U+212A into an ASCII letter', () => {
    for (const text of ['ad.teſt', 'ıd.test', '\u212arb.test', 'straße.test'])
      expect(asciiUpper(text)).not.toMatch(/^[A-Z.]+$/)
    expect(asciiUpper('ad.test')).toBe('AD.TEST')
  })

  test('only the KDCs of that realm are asked', async () => {
    const transport = transportFor({
      kdc: { 'AD.TEST': '127.0.0.9:9' },
      configuration: new Krb5Configuration('/dev/null', Date.now),
      timeLimit: 500,
      now: Date.now,
      dns: { resolveSrv: async () => [], resolveUri: async () => [] },
    })
    const refusalOf = (realm: string): Promise<string> =>
      transport(new Uint8Array(4), { realm }).then(
        () => 'answered',
        (error: unknown) => String(error),
      )
    for (const realm of ['AD.TEST', 'ad.test']) expect(await refusalOf(realm)).toContain('127.0.0.9')
    for (const realm of ['AD.TEſT', 'ad.teſt']) expect(await refusalOf(realm)).not.toContain('127.0.0.9')
  })
})

/** A user who can choose the text of a claim must not pass for somebody with another claim. */
describe('a user whose claim only looks like the one that is asked for', () => {
  const READ = 1
  const granted = (condition: string, id: string, value: string): boolean =>
    accessCheck(`D:(XA;;0x1;;;WD;(${condition}))`, READ, {
      sid: 'S-1-5-21-1-2-3-1104',
      groups: [],
      claims: { user: [{ id, type: 'string', values: [value] }] },
    }) === READ

  test.each([
    ['finance', 'ﬁnance'],
    ['FINANCE', 'Fınance'],
    ['finance', 'fİnance'],
    ['sales', 'ſaleſ'],
    ['strasse', 'Straße'],
    ['STRASSE', 'straße'],
    ['kelvin', '\u212aelvin'],
    ['å', '\u212b'],
    ['finance', 'finance\u0000'],
    ['finance', 'fi\u200bnance'],
    ['é', 'e\u0301'],
  ])('%j is not let in as %j', (wanted, has) => {
    for (const [ours, theirs] of [
      [wanted, has],
      [has, wanted],
    ]) {
      expect(granted(`@User.d == "${ours}"`, 'd', theirs)).toBe(false)
      expect(granted(`@User.d Contains {"${ours}"}`, 'd', theirs)).toBe(false)
      expect(granted(`@User.d Any_of {"x", "${ours}"}`, 'd', theirs)).toBe(false)
    }
    expect(granted(`@User.d != "${wanted}"`, 'd', has)).toBe(true)
    expect(granted(`@User.d == "${wanted}"`, 'd', wanted)).toBe(true)
  })

  test('is not let in: the name of a claim is compared in the same way', () => {
    expect(granted('@User.kelvin == "x"', '\u212aelvin', 'x')).toBe(false)
    expect(granted('@User.sales == "x"', 'ſaleſ', 'x')).toBe(false)
    expect(granted('@User.SALES == "x"', 'ſaleſ', 'x')).toBe(false)
    expect(granted('@User.Sales == "x"', 'sALES', 'x')).toBe(true)
  })

  test('is let in: upper and lower case of a letter are equal', () => {
    expect(granted('@User.d == "STRAßE"', 'd', 'straße')).toBe(true)
    expect(granted('@User.d == "ÉCOLE"', 'd', 'école')).toBe(true)
  })
})

test('isInGroup finds a SID in any spelling, so that a deny list cannot be evaded', () => {
  const identity = new Identity({
    principal: 'alice@AD.TEST',
    name: 'alice',
    realm: 'AD.TEST',
    authenticationMethod: 'kerberos',
    impersonationLevel: 'impersonation',
    expiresAt: 0,
    groups: ['S-1-5-32-544'],
  })
  for (const sid of ['S-1-5-32-544', 'S-1-5-032-544', 'S-1-0x5-32-544', 'S-1-05-32-0000000544'])
    expect(identity.isInGroup(sid)).toBe(true)
  for (const sid of ['S-1-5-32-5440', 'S-1-5-32-54', 'S-1-50-32-544']) expect(identity.isInGroup(sid)).toBe(false)
})
