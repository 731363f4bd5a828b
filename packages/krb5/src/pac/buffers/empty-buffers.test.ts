import { expect, test } from 'vitest'
import { PacBufferType as T } from './buffer-type.js'
import { encodeContainer } from '../container.js'
import { Pac } from '../pac.js'

const NOTHING = new Uint8Array(0)
const pac = Pac.decode(encodeContainer(Object.values(T).map((type) => ({ type, data: NOTHING }))))

test.each([
  'logonInfo',
  'credentialInfo',
  'serverChecksum',
  'kdcChecksum',
  'clientInfo',
  'delegationInfo',
  'upnDnsInfo',
  'deviceInfo',
  'ticketChecksum',
  'attributes',
  'requestor',
  'fullChecksum',
] as const)('a buffer of no octets says nothing and is not damaged: %s', (name) => {
  expect(pac[name]).toBeUndefined()
})

test('claims of no octets are no claims', () => {
  expect([pac.clientClaims, pac.deviceClaims]).toEqual([[], []])
})

test('a PAC of such buffers names nobody', () => {
  expect([pac.userSid, pac.sids(), pac.denyOnlySids()]).toEqual([undefined, [], []])
  expect(pac.buffers).toHaveLength(Object.values(T).length)
})
