import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { kdcLocationOf } from './kdc-location.js'

const zone = fc.option(fc.constantFrom('eth0', '2', 'en0', 'br-lan', 'wlan0.100'), { nil: undefined })
const ipv6 = fc.tuple(fc.ipV6(), zone).map(([address, of]) => (of === undefined ? address : `${address}%${of}`))
const name = fc.domain().filter((text) => !/^\d+$/.test(text))
const port = fc.integer({ min: 1, max: 65_535 })
const protocol = fc.constantFrom('udp' as const, 'tcp' as const, undefined)

/** Some KDCs have only an IPv6 address. */
test('every address and name is read back, with and without its port and protocol', () => {
  fc.assert(
    fc.property(fc.oneof(ipv6, fc.ipV4(), name), fc.option(port, { nil: undefined }), protocol, (host, at, by) => {
      const written = `${by === undefined ? '' : `${by}/`}${host.includes(':') ? `[${host}]` : host}${at === undefined ? '' : `:${at}`}`
      expect(kdcLocationOf(written)).toEqual({ host, port: at ?? 88, ...(by && { protocol: by }) })
    }),
  )
})

test('no text makes it throw, and what is read has a host and a port', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'[]:%./0a1-tcpud') })), (text) => {
      const location = kdcLocationOf(text)
      if (location === undefined) return
      expect(location.host).not.toMatch(/^\d*$/)
      expect(location.port).toBeGreaterThan(0)
      expect(location.port).toBeLessThan(65_536)
    }),
  )
})

test.each([0, 1, 88, 65_535, 100_000])('the number %d is no KDC, by no protocol', (number) => {
  for (const written of ['', 'udp/', 'tcp/', 'https://']) expect(kdcLocationOf(`${written}${number}`)).toBeUndefined()
})
