import { describe, expect, test } from 'vitest'
import { bindMethods } from './bound-methods.js'
import { createKdcClient } from '../client/create-kdc-client.js'
import { KdcUnreachableError } from '../errors/kdc-errors.js'

test('a method that is handed out alone knows its object, and is still no part of what is printed', () => {
  class Counter {
    count = 0
    next(): number {
      return ++this.count
    }
  }
  const counter = bindMethods(new Counter(), { next: () => {} })
  const { next } = counter
  expect([next(), next(), counter.count]).toEqual([1, 2, 2])
  expect(Object.keys(counter)).toEqual(['count'])
  expect(counter).toBeInstanceOf(Counter)
})

describe('each method of a KDC client', () => {
  const unreachable = (): Promise<never> => Promise.reject(new KdcUnreachableError('AD.TEST', []))
  const client = createKdcClient({
    realm: 'AD.TEST',
    kdc: unreachable,
    credentials: { principal: 'web', password: 'secret' },
  })
  const { ticketFor, s4u2self, forwardedTgt, trusts, how } = client

  test.each([
    ['ticketFor', () => ticketFor('HTTP/api.ad.test')],
    ['s4u2self', () => s4u2self('bob')],
    ['forwardedTgt', () => forwardedTgt()],
    ['trusts', () => trusts('OTHER.TEST')],
  ])('%s asks the KDC of its client when it is called alone', async (_name, call) => {
    await expect(call()).rejects.toMatchObject({ name: 'KdcUnreachableError' })
  })

  test('how tells the ways without asking', () => {
    expect(how({ user: 'bob@AD.TEST', protocolTransition: true }).way).toBe('s4u2self')
  })
})
