import { expect, test } from 'vitest'
import { requestWith } from '../fixtures/requests.js'
import { ClientAddresses } from './client-address.js'
import { peerList } from './peer-list.js'

const behind = new ClientAddresses({ trustedProxies: ['10.0.0.0/8', '::1'] })
const from = (remoteAddress: string | undefined, forwarded?: string, proto?: string) =>
  requestWith(
    { ...(forwarded && { 'x-forwarded-for': forwarded }), ...(proto && { 'x-forwarded-proto': proto }) },
    { socket: { remoteAddress } },
  )

test.each<[string | undefined, string | undefined, string | undefined]>([
  ['192.0.2.7', '203.0.113.1', '192.0.2.7'],
  ['10.0.0.1', '203.0.113.1', '203.0.113.1'],
  ['10.0.0.1', 'forged, 203.0.113.1', '203.0.113.1'],
  ['10.0.0.1', '198.51.100.9, 203.0.113.1, 10.0.0.2', '203.0.113.1'],
  ['10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
  ['10.0.0.1', '203.0.113.1:4711', '203.0.113.1'],
  ['::1', '[2001:db8::7]:4711', '2001:db8::7'],
  ['::ffff:10.0.0.1', '2001:db8::7', '2001:db8::7'],
  ['10.0.0.1', 'unknown', '10.0.0.1'],
  ['10.0.0.1', undefined, '10.0.0.1'],
  [undefined, '203.0.113.1', undefined],
])('a connection from %s with X-Forwarded-For %s comes from %s', (peer, forwarded, client) => {
  expect(behind.of(from(peer, forwarded))).toBe(client)
})

test('what the app says of the address goes first', () => {
  const told = new ClientAddresses({ trustedProxies: ['10.0.0.0/8'], clientAddress: () => '203.0.113.9' })
  expect(told.of(from('10.0.0.1', '203.0.113.1'))).toBe('203.0.113.9')
})

test.each<[string, string | undefined, boolean]>([
  ['10.0.0.1', 'https', true],
  ['10.0.0.1', 'HTTPS, https', true],
  ['10.0.0.1', 'https, http', false],
  ['10.0.0.1', undefined, false],
  ['192.0.2.7', 'https', false],
])('a connection from %s with X-Forwarded-Proto %s has TLS: %s', (peer, proto, usesTls) => {
  expect(behind.usesTls(from(peer, undefined, proto))).toBe(usesTls)
})

test('a list of peers has addresses and networks, and nothing else', () => {
  const list = peerList('peers', ['192.0.2.0/24', 'fd00::/8', '198.51.100.1'])
  for (const address of ['192.0.2.255', '::ffff:192.0.2.1', 'fd12::1', 'fd12::1%eth0', '198.51.100.1'])
    expect([address, list.has(address)]).toEqual([address, true])
  for (const address of ['192.0.3.1', 'fe80::1', '198.51.100.2', '', 'localhost', undefined])
    expect([address, list.has(address)]).toEqual([address, false])
  for (const wrong of ['localhost', '10.0.0.0/33', '10.0.0', '::/129', '*', ''])
    expect(() => peerList('peers', [wrong])).toThrow('is neither an address nor a network')
})
