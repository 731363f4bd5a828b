import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { ConfigurationError, RejectedTokenError } from './errors.js'

const skew = (): RejectedTokenError =>
  new RejectedTokenError('the clock is 7 minutes off', { code: 'KRB_AP_ERR_SKEW', hint: 'Set the clock.\nntpd does.' })

const timesIn = (text: string, part: string): number => text.split(part).length - 1

test('a stack begins with the message and the hint, and goes on with the place', () => {
  const lines = String(skew().stack).split('\n')
  expect(lines.slice(0, 3)).toEqual([
    'RejectedTokenError: the clock is 7 minutes off',
    '    hint: Set the clock.',
    '      ntpd does.',
  ])
  expect(lines[3]).toMatch(/^ {4}at skew \(.*error-stack\.test\.ts/)
})

test('without a hint a stack is as always', () => {
  const lines = String(new ConfigurationError('no').stack).split('\n')
  expect(lines[0]).toBe('ConfigurationError: no')
  expect(lines[1]).toMatch(/^ {4}at .*error-stack\.test\.ts/)
})

test('console.error shows the hint once, and the code', () => {
  const shown = inspect(skew())
  expect(timesIn(shown, 'Set the clock.')).toBe(1)
  expect(timesIn(shown, 'ntpd does.')).toBe(1)
  expect(shown).toContain("code: 'KRB_AP_ERR_SKEW'")
  expect(shown).toContain('error-stack.test.ts')
})

test('the hints of causes are shown too', () => {
  const outer = new ConfigurationError('outer', { hint: 'Look inside.', cause: skew() })
  const shown = inspect({ outer })
  expect([timesIn(shown, 'Look inside.'), timesIn(shown, 'Set the clock.')]).toEqual([1, 1])
  expect(shown).toContain('[cause]: RejectedTokenError: the clock is 7 minutes off')
})

test('whoever writes the stack has it as written, and the hint beside it', () => {
  const error = skew()
  error.stack = 'mine'
  expect(error.stack).toBe('mine')
  expect(inspect(error)).toContain("hint: 'Set the clock.\\nntpd does.'")
})

test('the hint stays a property that loggers and JSON see, and the stack does not become one', () => {
  const error = skew()
  expect(Object.keys(error)).toContain('hint')
  expect(Object.keys(error)).not.toContain('stack')
  expect(JSON.parse(JSON.stringify(error))).toMatchObject({ hint: 'Set the clock.\nntpd does.' })
})

test('the message and toString say nothing of the hint', () => {
  expect(skew().message).toBe('the clock is 7 minutes off')
  expect(String(skew())).toBe('RejectedTokenError: the clock is 7 minutes off')
})

test('with an Error.prepareStackTrace of the app its result is the stack', () => {
  const before = Error.prepareStackTrace
  try {
    Error.prepareStackTrace = (_, sites) => sites.length > 0
    expect(skew().stack).toBe(true)
  } finally {
    Error.prepareStackTrace = before
  }
})

test('a hint with a line that looks like a place in the code does not hide where it was', () => {
  const error = new ConfigurationError('no', { hint: 'a\n    at once' })
  expect(String(error.stack)).toMatch(
    /^ConfigurationError: no\n {4}hint: a\n {10}at once\n {4}at .*error-stack\.test\.ts/,
  )
})
