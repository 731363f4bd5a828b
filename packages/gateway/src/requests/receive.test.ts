import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { requestOf } from '../fixtures/requests.js'
import { receive } from './receive.js'

function clientOf(forwardedFor: readonly string[]): string | undefined {
  const { replyTo, listener } = requestOf()
  const socket = new Socket()
  Object.defineProperty(socket, 'remoteAddress', { value: '10.0.0.1' })
  const request = new IncomingMessage(socket)
  request.method = 'GET'
  request.url = '/'
  request.rawHeaders.push('Host', 'orders.example.com', ...forwardedFor.flatMap((one) => ['X-Forwarded-For', one]))
  return receive(request, replyTo, { listener, isProxy: () => true, now: () => 0 }).clientAddress
}

test.each([
  ['nothing: its own', [], '10.0.0.1'],
  ['an address', ['203.0.113.9, 192.0.2.7'], '192.0.2.7'],
  ['an address in a second line', ['203.0.113.9', '192.0.2.7'], '192.0.2.7'],
  ['an address with a port', ['192.0.2.7:4711'], '192.0.2.7'],
  ['one of IPv6 with a port', ['[2001:db8::7]:4711'], '2001:db8::7'],
  ['one of IPv4 for both families', ['::ffff:192.0.2.7'], '192.0.2.7'],
  ['that it does not know', ['unknown'], undefined],
  ['what would end a value of Forwarded', ['1";proto=http'], undefined],
])('a proxy in front that says %s is believed no more than that', (_what, lines, expected) => {
  expect(clientOf(lines)).toBe(expected)
})
