import { Pac } from '@s4u/krb5'
import { expect, test } from 'vitest'
import { pacOf, NOW, SERVICE_KEY } from '../fixtures/issued-token.js'
import { foreignFactsOf, noteForeign, noteWithheld, shownTexts, shownText, withheldOf } from './withheld.js'

const pacAt = () => Pac.decode(pacOf('alice', NOW, SERVICE_KEY))

test('what was withheld is known by the very PAC, and cannot be changed', () => {
  const [pac, other] = [pacAt(), pacAt()]
  const withheld = { realm: 'PARTNER.TEST' }
  expect(noteWithheld(pac, withheld)).toBe(pac)
  expect(withheldOf(pac)).toBe(withheld)
  expect(Object.isFrozen(withheld)).toBe(true)
  expect([withheldOf(other), withheldOf(undefined)]).toEqual([undefined, undefined])
})

test('what is known of a foreign PAC is known by the very PAC, and cannot be changed', () => {
  const [pac, other] = [pacAt(), pacAt()]
  const facts = { serviceDomain: false } as const
  noteForeign(pac, facts)
  expect(foreignFactsOf(pac)).toBe(facts)
  expect(Object.isFrozen(facts)).toBe(true)
  expect([foreignFactsOf(other), foreignFactsOf(undefined)]).toEqual([undefined, undefined])
})

test('of lists a hundred texts are told, of a text 256 characters, and none acts where it is printed', () => {
  const list = shownTexts([...Array.from({ length: 100 }, (_, at) => `a${at}`), 'the last one'])
  expect(list).toHaveLength(100)
  expect([list[0], list[99]]).toEqual(['a0', 'a99'])
  expect(Object.isFrozen(list)).toBe(true)
  expect(shownTexts(['a\u001b[2J'])).toEqual(['a\\u{1b}[2J'])
  expect(shownText('x'.repeat(256))).toBe('x'.repeat(256))
  expect(shownText(`${'x'.repeat(256)}y`)).toBe('x'.repeat(256))
  expect(shownText('a\u202eb')).toBe('a\\u{202e}b')
})
