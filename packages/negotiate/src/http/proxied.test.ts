import { expect, test } from 'vitest'
import { connection, requestWith } from '../fixtures/requests.js'
import { connectionOf, isProxied } from './proxied.js'

test.each([
  'via',
  'forwarded',
  'x-real-ip',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-user',
])('a request with %s came through a proxy', (name) => expect(isProxied(requestWith({ [name]: 'x' }))).toBe(true))

test('a request without any of these may have come directly', () => {
  expect(isProxied(requestWith({ host: 'web.ad.test', 'x-request-id': '1' }))).toBe(false)
})

test('a connection is one caller over HTTP/1 without a proxy, and nowhere else', () => {
  const socket = connection()
  expect(connectionOf(requestWith({}, { socket }))).toBe(socket)
  expect(connectionOf(requestWith({}, { socket, httpVersionMajor: 2 }))).toBeUndefined()
  expect(connectionOf(requestWith({ via: '1.1 x' }, { socket }))).toBeUndefined()
  expect(connectionOf(requestWith())).toBeUndefined()
})
