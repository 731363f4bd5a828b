import { expect, test } from 'vitest'
import { hasAsked, MAX_ORIGINS, rememberAsking } from './learned-origins.js'

test('origins that have asked are remembered, to a number, and those in use longest', () => {
  const [used, unused] = ['https://used.test', 'https://unused.test'].map((origin) => new URL(origin))
  // To be asked about is not to ask.
  for (let times = 0; times < 2; times++) expect(hasAsked(used)).toBe(false)
  for (const origin of [used, unused]) rememberAsking(origin)
  for (let index = 0; index < MAX_ORIGINS - 1; index++) {
    rememberAsking(new URL(`https://host${index}.test/`))
    if (index % 1_000 === 0) expect(hasAsked(used)).toBe(true)
  }
  expect([used, unused].map(hasAsked)).toEqual([true, false])
  expect(hasAsked(new URL('https://used.test:8443'))).toBe(false)
  expect(hasAsked(new URL('http://used.test'))).toBe(false)
})
