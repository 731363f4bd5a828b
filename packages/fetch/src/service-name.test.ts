import { describe, expect, test } from 'vitest'
import { findServiceName } from './canonical-host.js'
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

describe('names of the app', () => {
  const name = (url: string, serviceNames: Record<string, string>) => serviceNameOf(new URL(url), { serviceNames })

  test('hold for a host, with or without its port', () => {
    const names = { 'www.ad.test': 'HTTP/farm.ad.test', '127.0.0.1:3000': 'HTTP/api.ad.test' }
    expect(name('https://www.ad.test/', names)).toBe('HTTP/farm.ad.test')
    expect(name('http://127.0.0.1:3000/', names)).toBe('HTTP/api.ad.test')
    expect(name('http://127.0.0.1:3001/', names)).toBeUndefined()
  })

  test('hold for IPv6 addresses', () => {
    expect(name('http://[::1]:3000/', { '[::1]': 'HTTP/api.ad.test' })).toBe('HTTP/api.ad.test')
    expect(name('http://[::1]:3000/', { '[::1]:3000': 'HTTP/api.ad.test' })).toBe('HTTP/api.ad.test')
  })

  test('may be written as people write hosts', () => {
    expect(name('https://xn--bcher-kva.ad.test/', { 'Bücher.ad.test.': 'HTTP/books.ad.test' })).toBe(
      'HTTP/books.ad.test',
    )
  })

  test('of a farm: one name for all members, or each its own', () => {
    expect(name('https://n1.farm.ad.test/', { '*.farm.ad.test': 'HTTP/farm.ad.test' })).toBe('HTTP/farm.ad.test')
    expect(name('https://n1.farm.ad.test/', { '*.farm.ad.test': 'HTTP/*' })).toBe('HTTP/n1.farm.ad.test')
    expect(name('https://n1.farm.ad.test/', { '*': 'http/*' })).toBe('http/n1.farm.ad.test')
    expect(name('https://farm.ad.test/', { '*.farm.ad.test': 'HTTP/x' })).toBe('HTTP/farm.ad.test')
    expect(name('https://evilfarm.ad.test/', { '*.farm.ad.test': 'HTTP/x' })).toBe('HTTP/evilfarm.ad.test')
  })

  test('count by how exact they are', () => {
    const names = { '*': 'HTTP/any', '*.ad.test': 'HTTP/wide', 'a.ad.test': 'HTTP/host', 'a.ad.test:81': 'HTTP/port' }
    expect(name('http://a.ad.test:81/', names)).toBe('HTTP/port')
    expect(name('http://a.ad.test:82/', names)).toBe('HTTP/host')
    expect(name('http://b.ad.test/', names)).toBe('HTTP/wide')
    expect(name('http://c.other.test/', names)).toBe('HTTP/any')
  })
})

describe('a CNAME', () => {
  const canonicalName = (host: string) => Promise.resolve(host === 'www.ad.test' ? 'Node1.AD.test.' : host)

  test('is not looked at unless the app wants that', async () => {
    expect(await findServiceName(new URL('https://www.ad.test/'), {})).toBe('HTTP/www.ad.test')
  })

  test('names the service where the app wants that', async () => {
    expect(await findServiceName(new URL('https://www.ad.test/'), { canonicalName })).toBe('HTTP/node1.ad.test')
  })

  test('does not replace a name of the app', async () => {
    const options = { canonicalName, serviceNames: { 'www.ad.test': 'HTTP/farm.ad.test' } }
    expect(await findServiceName(new URL('https://www.ad.test/'), options)).toBe('HTTP/farm.ad.test')
  })

  test('that DNS does not know leaves the host as it is', async () => {
    const url = new URL('http://nowhere.invalid/')
    expect(await findServiceName(url, { canonicalName: true })).toBe('HTTP/nowhere.invalid')
  })
})

test('a URL of many labels costs no more for a long list of names', () => {
  const list = Array.from({ length: 2_000 }, (_, index) => [`*.b\u00fccher${index}.test`, 'HTTP/x.test'])
  const serviceNames: Record<string, string> = Object.freeze(Object.fromEntries(list))
  const url = new URL(`https://${'a.'.repeat(120)}b.test`)
  const cost = (): number => {
    const start = process.cpuUsage()
    for (let count = 0; count < 50; count++) expect(serviceNameOf(url, { serviceNames })).toBe(`HTTP/${url.hostname}`)
    const { user, system } = process.cpuUsage(start)
    return user + system
  }
  cost()
  // Each of 120 candidates read each of 2,000 names before: ten seconds, where this takes a few
  // milliseconds.
  expect(Math.min(cost(), cost(), cost())).toBeLessThan(500_000)
})
