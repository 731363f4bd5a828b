import { expect, test } from 'vitest'
import { noteTriedUser, triedUserOf } from './tried-user.js'

const shown = (user: string | undefined): string | undefined => {
  const refusal = new Error('no')
  noteTriedUser(refusal, user)
  return triedUserOf(refusal)
}

test('a name that was typed is shown as every name that a stranger chooses', () => {
  expect(shown('alice')).toBe('alice')
  expect(shown('<img src=x>"\n\u{202e}')).toBe('\\u{3c}img src=x\\u{3e}\\u{22}\\u{a}\\u{202e}')
  expect(shown('x'.repeat(1_000))).toHaveLength(256)
})

test('where no name is known, none is shown', () => {
  expect([shown(undefined), shown('')]).toEqual([undefined, undefined])
})
