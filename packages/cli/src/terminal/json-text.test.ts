import { expect, test } from 'vitest'
import { jsonText } from './json-text.js'

test('a document is the same value, without what a terminal would obey', () => {
  const value = { name: 'a\u{9b}2J\u{202e}b\u{1f600}\u{e0001}\u{7f}', list: [1, true, null] }
  const text = jsonText(value)
  expect(JSON.parse(text)).toEqual(value)
  expect(text).toContain('"a\\u009b2J\\u202eb\u{1f600}\\udb40\\udc01\\u007f"')
  expect(text.endsWith('}\n')).toBe(true)
})

test('nothing is the document null', () => {
  expect(jsonText(undefined)).toBe('null\n')
})
