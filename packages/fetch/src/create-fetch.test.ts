import { ConfigurationError } from '@s4u/kdc-client'
import { expect, test } from 'vitest'
import { createFetch } from './negotiated-fetch.js'

const client = { ticketFor: () => Promise.reject(new Error('not asked here')), s4u2proxy: () => {} }

test('options beside a client are not passed over: all of it goes into one object', () => {
  const call = (): unknown => Reflect.apply(createFetch, undefined, [client, { serviceNames: {} }])
  expect(call).toThrow(ConfigurationError)
  expect(call).toThrow('createFetch takes one argument, and was given more')
  expect(() => createFetch(client)).not.toThrow()
})
