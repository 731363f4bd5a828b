import { expect, test } from 'vitest'
import { AnswerPlaces } from './answer-places.js'

const take = (places: AnswerPlaces, principal: string, count: number): readonly (() => void)[] =>
  Array.from({ length: count }, () => places.take(principal))

test('one caller has an eighth of the places, and what is given back can be taken again', () => {
  const places = new AnswerPlaces(100)
  const [first] = take(places, 'alice@AD.TEST', 13)
  const tooMany = expect.objectContaining({
    code: 'S4U_TOO_MANY_REQUESTS',
    status: 503,
    message: 'serveShare: alice@AD.TEST has 13 files sent at once, which is as many as maxAnswers permits',
  })
  expect(() => places.take('alice@AD.TEST')).toThrow(tooMany)
  take(places, 'bob@AD.TEST', 13)
  first()
  first()
  take(places, 'alice@AD.TEST', 1)
  expect(() => places.take('alice@AD.TEST')).toThrow(tooMany)
})

test('all callers together have the places that there are', () => {
  const places = new AnswerPlaces(9)
  const [first] = take(places, 'alice@AD.TEST', 8)
  take(places, 'bob@AD.TEST', 1)
  const message = 'serveShare: 9 files are sent at once, which is as many as maxAnswers permits'
  expect(() => places.take('carol@AD.TEST')).toThrow(expect.objectContaining({ message }))
  first()
  take(places, 'carol@AD.TEST', 1)
})
