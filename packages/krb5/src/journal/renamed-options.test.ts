import { expect, test } from 'vitest'
import { ConfigurationError } from '../errors/errors.js'
import { underNewNames } from './renamed-options.js'

interface Options {
  readonly size?: number
  readonly maxEntries?: number
  readonly keep?: number
  readonly maxAge?: number
  readonly realm?: string
}

const RENAMED = { size: 'maxEntries', keep: 'maxAge' } as const
const renamed = (options: Options) => underNewNames<Options>('createCache', options, RENAMED)

test('an option under its old name has its value under the new one, and is told', () => {
  const { options, notices } = renamed({ size: 5, realm: 'AD.TEST' })
  expect({ ...options }).toStrictEqual({ maxEntries: 5, realm: 'AD.TEST' })
  expect(Object.isFrozen(options)).toBe(true)
  expect(notices).toStrictEqual([
    {
      kind: 'notice',
      level: 'warn',
      code: 'S4U_OLD_NAME_SIZE',
      message: 'createCache: the option size is now called maxEntries',
      hint: 'Write maxEntries. The old name works in 0.2, and no longer after it.',
    },
  ])
})

test('each old name is told by a code of its own, so that none hides another', () => {
  const codes = underNewNames<Options>('f', { size: 0, keep: 1 }, RENAMED).notices.map(({ code }) => code)
  expect(codes).toEqual(['S4U_OLD_NAME_SIZE', 'S4U_OLD_NAME_KEEP'])
  const camel = underNewNames<{ maxAgeOf?: number; age?: number }>('f', { maxAgeOf: 1 }, { maxAgeOf: 'age' })
  expect(camel.notices.map(({ code }) => code)).toEqual(['S4U_OLD_NAME_MAX_AGE_OF'])
})

test('options under their new names are handed on as they are', () => {
  const given: Options = { maxEntries: 5, size: undefined }
  expect(renamed(given)).toStrictEqual({ options: given, notices: [] })
  expect(renamed(given).options).toBe(given)
})

test('both names at once are refused', () => {
  expect(() => renamed({ size: 5, maxEntries: 6 })).toThrow(
    new ConfigurationError('createCache: size is the old name of maxEntries, and both are given', {
      hint: 'Leave size out.',
    }),
  )
})

test('nothing is taken from a prototype that others can change', () => {
  const { options } = renamed({ size: 5 })
  expect(Object.getPrototypeOf(options)).toBeNull()
})
