import { expect, test } from 'vitest'
import { requireLogger } from './logger.js'

const noop = (): void => {}
const whole = { debug: noop, info: noop, warn: noop, error: noop }

test.each([undefined, console, whole, Object.assign((): void => {}, whole), Object.create(whole)])(
  '%# is a logger, or none',
  (logger) => {
    expect(requireLogger(logger)).toBeUndefined()
  },
)

test.each([
  ['debug', 'is "debug"'],
  [true, 'is true'],
  [null, 'is null'],
  [noop, 'is an object without debug, info, warn, error'],
  [{ ...whole, debug: undefined }, 'is an object without debug'],
  [{ log: noop, warn: noop, error: noop }, 'is an object without debug, info'],
])('%o is no logger, and the error says what is missing', (logger, found) => {
  expect(() => requireLogger(logger)).toThrow(
    expect.objectContaining({
      name: 'ConfigurationError',
      message: expect.stringContaining(`logger must have the methods debug, info, warn, error, and ${found}`),
      hint: 'Write logger: console, or give the logger of pino or winston.',
    }),
  )
})
