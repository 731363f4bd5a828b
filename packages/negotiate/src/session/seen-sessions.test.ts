import { expect, test } from 'vitest'
import { SeenSessions } from './seen-sessions.js'

test('the last request of a session counts, for all with the same clock', () => {
  const clock = (): number => 0
  SeenSessions.by(clock).note('a', 1)
  SeenSessions.by(clock).note('a', 2)
  expect(SeenSessions.by(clock).at('a')).toBe(2)
  expect(SeenSessions.by(clock).at('b')).toBeUndefined()
  expect(SeenSessions.by(() => 0).at('a')).toBeUndefined()
})

test('no more are kept than there is room for: who was seen longest ago goes first', () => {
  const seen = new SeenSessions()
  seen.note('first', 1)
  seen.note('second', 2)
  seen.note('first', 3)
  for (let other = 0; other < 99_999; other++) seen.note(`other ${other}`, 4)
  expect([seen.size, seen.at('first'), seen.at('second')]).toEqual([100_000, 3, undefined])
})
