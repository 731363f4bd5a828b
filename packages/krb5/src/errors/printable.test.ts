import { describe, expect, test } from 'vitest'
import { ConfigurationError, MalformedTokenError, MissingKeyError, RejectedTokenError } from './errors.js'
import { printable } from './printable.js'

test.each([
  ['zoë 王 o’brien', 'zoë 王 o’brien'],
  ['a\r\nFORGED LINE', 'a\\u{d}\\u{a}FORGED LINE'],
  ['\u001b[2Jgone', '\\u{1b}[2Jgone'],
  ['x\u0085y\u2028z\u2029', 'x\\u{85}y\\u{2028}z\\u{2029}'],
  ['\u202egnp.exe', '\\u{202e}gnp.exe'],
  ['\ud800', '\\u{d800}'],
])('%j is printed on one line', (text, shown) => {
  expect(printable(text)).toBe(shown)
})

describe('an error', () => {
  const found = 'alice\nFORGED LINE'

  test('is one line, whoever wrote the names in it', () => {
    for (const error of [
      new ConfigurationError(found),
      new MissingKeyError(found),
      new RejectedTokenError(found, { code: 'KRB_AP_ERR_BADMATCH' }),
      new MalformedTokenError({ path: 'principal', expected: 'a name', found }),
    ])
      expect(error.message).toMatch(/alice\\u\{a\}FORGED LINE$/)
  })

  test('has a hint in lines of its own, and no other control characters', () => {
    const { hint } = new ConfigurationError('no', { hint: 'first\nsecond \u001b[2J' })
    expect(hint).toBe('first\nsecond \\u{1b}[2J')
  })
})
