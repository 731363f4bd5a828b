import type { ListenerSettings } from '../configuration/gateway-options.js'
import { requestOf } from '../fixtures/requests.js'
import { expect, test } from 'vitest'
import { connectionOwner } from './connection-owner.js'

const listener = { proxies: [] as readonly string[] } as ListenerSettings

test('with direct a connection inside is for one connection outside', () => {
  const request = requestOf({ listener })
  expect(connectionOwner(request, true)).toEqual({ kind: 'client', connection: request.request.socket })
})

test.each([
  ['via', '1.1 office'],
  ['forwarded', 'for=_a'],
  ['x-forwarded-for', '192.0.2.7'],
  ['x-real-ip', '192.0.2.7'],
])('with direct it is for one request where a proxy that nobody has named passes it on: %s', (name, value) => {
  expect(connectionOwner(requestOf({ listener, headers: { [name]: value } }), true)).toEqual({ kind: 'request' })
})

test('with direct it is for one request behind a named proxy', () => {
  const named = { proxies: ['192.0.2.1'] } as unknown as ListenerSettings
  expect(connectionOwner(requestOf({ listener: named }), true)).toEqual({ kind: 'request' })
})
