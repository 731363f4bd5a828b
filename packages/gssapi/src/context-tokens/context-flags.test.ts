import { expect, test } from 'vitest'
import { contextFlagNames } from './context-flags.js'

test('flags have names, and unknown bits have none', () => {
  expect(contextFlagNames(0x8000_013e | 0x0200_0000)).toEqual([
    'MUTUAL',
    'REPLAY',
    'SEQUENCE',
    'CONF',
    'INTEG',
    'TRANS',
  ])
  expect(contextFlagNames(0x2000)).toEqual(['IDENTIFY'])
  expect(contextFlagNames(0)).toEqual([])
})
