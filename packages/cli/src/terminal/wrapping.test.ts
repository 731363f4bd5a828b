import { expect, test } from 'vitest'
import { wrap } from './wrapping.js'

test('lines are broken between words, and within words that are longer', () => {
  expect(wrap('one two three', 9)).toEqual(['one two', 'three'])
  expect(wrap('a abcdefghijklmnop b', 10)).toEqual(['a', 'abcdefghij', 'klmnop b'])
})

test('blanks at the beginning stand before every line', () => {
  expect(wrap('    one two three', 13)).toEqual(['    one two', '    three'])
})

test('no text becomes a tower of single letters, however narrow the page is', () => {
  expect(wrap('abcdefghij', 1)).toEqual(['abcdefgh', 'ij'])
})
