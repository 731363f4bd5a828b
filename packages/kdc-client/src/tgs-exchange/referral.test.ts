import { describe, expect, test } from 'vitest'
import { Itinerary } from './referral.js'

const HINT = 'Check the trusts and the [domain_realm] or name suffix routing of these realms.'
const refused = (message: string) =>
  expect.objectContaining({ name: 'RejectedTokenError', code: 'KRB_AP_PATH_NOT_ACCEPTED', message, hint: HINT })

describe('a way', () => {
  test('that comes by a realm twice is a circle', () => {
    const itinerary = new Itinerary('HTTP/api.c.test', 'A.TEST')
    itinerary.enter('B.TEST')
    const message = 'TGS: the KDCs refer HTTP/api.c.test in a circle: A.TEST, B.TEST, a.test'
    expect(() => itinerary.enter('a.test')).toThrow(refused(message))
    itinerary.enter('C.TEST')
  })

  test('that does not end is given up after eight realms', () => {
    const itinerary = new Itinerary('HTTP/api.c.test', 'HOP-1.TEST')
    for (let hop = 2; hop <= 8; hop++) itinerary.enter(`HOP-${hop}.TEST`)
    const path = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((hop) => `HOP-${hop}.TEST`).join(', ')
    expect(() => itinerary.enter('HOP-9.TEST')).toThrow(
      refused(`TGS: the KDCs refer HTTP/api.c.test on and on: ${path}`),
    )
  })
})
