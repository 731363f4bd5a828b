import { expect, test } from 'vitest'
import { checkPreemptive, hasAsked, isPreemptive, MAX_ORIGINS, rememberAsking } from './learned-origins.js'

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

test.each([
  [true, [true, true]],
  [false, [false, false]],
  [undefined, [true, true]],
  ['learned', [false, true]],
] as const)(
  'with %s requests carry a token unasked: %j, before and after the origin has asked',
  (preemptive, after) => {
    const url = new URL(`https://${String(preemptive)}.preemptive.test`)
    const before = isPreemptive(url, preemptive)
    rememberAsking(url)
    expect([before, isPreemptive(url, preemptive)]).toEqual(after)
  },
)

test.each(['always', '', 0, null])('%j is no word for when', (preemptive) => {
  expect(() => checkPreemptive(preemptive as 'learned')).toThrow(
    expect.objectContaining({
      name: 'ConfigurationError',
      message: expect.stringMatching(/^preemptive must be true, false or 'learned', not /),
    }),
  )
  for (const well of [true, false, 'learned', undefined] as const) expect(() => checkPreemptive(well)).not.toThrow()
})

test('the one that was asked last is remembered longest, and the very number of them', () => {
  const urls = Array.from({ length: MAX_ORIGINS }, (_, index) => new URL(`https://full${index}.test`))
  for (const url of urls) rememberAsking(url)
  // To ask again is to be in use.
  rememberAsking(urls[0])
  rememberAsking(new URL('https://one-more.test'))
  expect([urls[0], urls[1], urls[2]].map(hasAsked)).toEqual([true, false, true])
})
