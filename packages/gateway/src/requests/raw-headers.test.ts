import { describe, expect, test } from 'vitest'
import { isElementOf, listOf } from './raw-headers.js'

describe('elements of a list', () => {
  test.each([0, 1, 8, 9, 100])('are found, and others are not, in a list of %i', (count) => {
    const names = Array.from({ length: count }, (_, at) => `x-${at}`)
    const isOne = isElementOf(listOf([names.join(', ').toUpperCase()]))
    expect([names.every(isOne), isOne('x'), isOne('constructor'), isOne('')]).toEqual([true, false, false, false])
  })

  test('of a client that sends many of both take no time of their product', () => {
    const isOne = isElementOf(listOf([Array.from({ length: 20_000 }).fill('te').join(',')]))
    const began = performance.now()
    for (let at = 0; at < 20_000; at++) isOne(`x-${at}`)
    // Looking through each time: 400 million comparisons, some seconds.
    expect(performance.now() - began).toBeLessThan(500)
  })
})
