import { expect, test } from 'vitest'
import { Itinerary } from './referral.js'

test('a way that comes by a realm twice is a circle', () => {
  const itinerary = new Itinerary('HTTP/api.c.test', 'A.TEST')
  itinerary.enter('B.TEST')
  expect(() => itinerary.enter('a.test')).toThrow('in a circle: A.TEST, B.TEST, a.test')
})

test('a way that does not end is given up after eight realms', () => {
  const itinerary = new Itinerary('HTTP/api.c.test', 'HOP-1.TEST')
  for (let hop = 2; hop <= 8; hop++) itinerary.enter(`HOP-${hop}.TEST`)
  expect(() => itinerary.enter('HOP-9.TEST')).toThrow(
    expect.objectContaining({ code: 'KRB_AP_PATH_NOT_ACCEPTED', message: expect.stringContaining('on and on') }),
  )
})
