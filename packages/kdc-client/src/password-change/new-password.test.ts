import { ConfigurationError } from '@s4u/krb5'
import { expect, test } from 'vitest'
import { requireNewPassword } from './new-password.js'

test.each(['pw', 'zoë\u{1f511}', ' ', 'x'.repeat(4_096)])('a text is taken as it is (%#)', (password) => {
  expect(requireNewPassword(password)).toBe(password)
})

test.each([
  [undefined, 'must be a text that is not empty'],
  [null, 'must be a text that is not empty'],
  ['', 'must be a text that is not empty'],
  [12345678, 'must be a text that is not empty'],
  [['pw'], 'must be a text that is not empty'],
  ['secret\0', 'has a NUL in it, at which servers cut it off'],
  ['secret\ud800', 'has half a character in it (a lone surrogate), which UTF-8 cannot say'],
  ['secret'.repeat(683), 'is longer than 4096 octets'],
])('what would become another password, or none, is refused (%#)', (password, what) => {
  const refused = (): string => requireNewPassword(password)
  expect(refused).toThrow(ConfigurationError)
  expect(refused).toThrow(expect.objectContaining({ message: `the new password ${what}`, status: 400 }))
})
