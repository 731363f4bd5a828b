/** Inputs by chance: they find crashes, and no mutation score depends on them. */
import { MalformedTokenError } from '@s4u/krb5'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { accessCheck } from './access-check.js'
import { decodeSecurityDescriptor } from './decode-security-descriptor.js'
import { windows } from './fixtures/windows-descriptors.js'
import { parseSddl } from './parse-sddl.js'

function attempt<T>(action: () => T): T | Error {
  try {
    return action()
  } catch (error) {
    if (error instanceof Error) return error
    throw error
  }
}

const caller = { sid: 'S-1-5-21-1-2-3-4', groups: ['S-1-5-32-579'] }
const whole = windows[2][1]

test('whatever is changed, it is read or refused', () => {
  const change = fc.tuple(fc.nat(whole.length - 1), fc.nat(255))
  fc.assert(
    fc.property(
      fc.constantFrom(...windows),
      fc.array(change, { minLength: 1, maxLength: 6 }),
      ([, octets], changes) => {
        const bytes = Uint8Array.from(octets)
        for (const [at, octet] of changes) bytes[at % bytes.length] = octet
        const verdict = attempt(() => accessCheck(bytes, 1, caller))
        if (verdict instanceof Error) {
          expect(verdict).toBeInstanceOf(MalformedTokenError)
          return
        }
        // Whoever is let in is let in by an entry that is to be seen in what was read.
        const { dacl, owner } = decodeSecurityDescriptor(bytes)
        if (verdict === 0 || dacl === undefined || owner !== undefined) return
        const mine = new Set([caller.sid, ...caller.groups, 'S-1-1-0', 'S-1-5-2', 'S-1-5-11'])
        expect(
          dacl.some(({ kind, sid, condition }) => kind === 'allow' && mine.has(sid) && condition !== 'unreadable'),
        ).toBe(true)
      },
    ),
    { numRuns: 3_000 },
  )
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
