import { expect, test } from 'vitest'
import { findDelegated, keepDelegated } from './delegated-credentials.js'

const NOW = 1_700_000_000_000
const END = NOW + 60_000
const of = (principal: string) => ({ principal, ticketFor: () => Promise.reject(new Error('not asked')) })

test('a user who signs in over and over pushes out no other user, and has the newest', () => {
  const [alice, bob] = [of('alice@AD.TEST'), of('bob@AD.TEST')]
  const bobs = keepDelegated(bob, END, NOW)
  const names = Array.from({ length: 10_001 }, () => keepDelegated(alice, END, NOW))
  expect(findDelegated(bobs, NOW)).toBe(bob)
  expect(findDelegated(names[10_000], NOW)).toBe(alice)
  expect(() => findDelegated(names[0], NOW)).toThrow(/have ended/)
})

test('what has ended is not found, and makes room', () => {
  const name = keepDelegated(of('carol@AD.TEST'), END, NOW)
  expect(() => findDelegated(name, END)).toThrow(expect.objectContaining({ code: 'KRB5_FCC_NOFILE' }))
})
