import { expect, test } from 'vitest'
import { serviceNameOf } from './service-name.js'

test.each([
  ['https://api.ad.test/orders', 'HTTP/api.ad.test'],
  ['http://API.AD.TEST.:8080/', 'HTTP/api.ad.test'],
  ['https://bücher.ad.test/', 'HTTP/xn--bcher-kva.ad.test'],
  ['http://127.0.0.1:3000/', undefined],
  ['http://2130706433/', undefined],
  ['http://[::1]/', undefined],
])('%s asks for a ticket for %s', (url, spn) => {
  expect(serviceNameOf(new URL(url))).toBe(spn)
})

test('the port is part of the name only when asked for', () => {
  expect(serviceNameOf(new URL('https://api.ad.test:8443/'), { includePort: true })).toBe('HTTP/api.ad.test:8443')
  expect(serviceNameOf(new URL('https://api.ad.test:443/'), { includePort: true })).toBe('HTTP/api.ad.test')
})

test('a host can be given another name, with or without its port', () => {
  const serviceNames = { 'www.ad.test': 'HTTP/farm.ad.test', '127.0.0.1:3000': 'HTTP/api.ad.test' }
  expect(serviceNameOf(new URL('https://www.ad.test/'), { serviceNames })).toBe('HTTP/farm.ad.test')
  expect(serviceNameOf(new URL('http://127.0.0.1:3000/'), { serviceNames })).toBe('HTTP/api.ad.test')
})
