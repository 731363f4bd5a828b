import { expect, test } from 'vitest'
import { openShare } from './open-share.js'

const user = { contextFor: () => Promise.reject(new Error('nobody')) }

test.each([
  ['port', 0],
  ['port', 65_536],
  ['port', '445'],
  ['timeLimit', Number.NaN],
  ['timeLimit', 0],
  ['timeLimit', 2 ** 31],
  ['timeLimit', Infinity],
  ['idleTimeout', -1],
  ['idleTimeout', 1.5],
])('the option %s is refused as %s', (option, value) => {
  const options = Object({ as: user, [option]: value })
  expect(() => openShare('\\\\files.ad.test\\docs', options)).toThrow(`openShare: ${option} must be a whole number`)
})

test('options at their ends are taken', () => {
  const options = { as: user, port: 65_535, timeLimit: 2 ** 31 - 1, idleTimeout: 0 }
  expect(() => openShare('\\\\files.ad.test\\docs', options)).not.toThrow()
})
