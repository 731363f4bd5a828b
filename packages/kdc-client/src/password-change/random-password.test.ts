import { expect, test } from 'vitest'
import { randomPassword } from './random-password.js'

test('a password of chance is long, has characters of all kinds, and is never the same', () => {
  const made = randomPassword()
  expect(made).toMatch(/^[\w-]{64}aA1!$/)
  expect(randomPassword()).not.toBe(made)
  expect(randomPassword((length) => new Uint8Array(length))).toBe(`${'A'.repeat(64)}aA1!`)
})
