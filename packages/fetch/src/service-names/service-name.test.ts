import { describe, expect, test } from 'vitest'
import { findServiceName } from './canonical-host.js'
import { hostOf, isIpAddress, serviceNameOf, serviceNameOfHost } from './service-name.js'

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

test.each([
  ['https://a.ad.test:8443', { '*.ad.test:8443': 'HTTP/x' }, 'HTTP/a.ad.test'],
  ['https://a.b.ad.test', { '*.b.ad.test': 'HTTP/near', '*.ad.test': 'HTTP/far', '*': 'HTTP/any' }, 'HTTP/near'],
  ['https://a.b.ad.test', { '*': 'HTTP/any', '*.test': 'HTTP/last', '*.ad.test': 'HTTP/far' }, 'HTTP/far'],
  ['http://10.0.0.7', { '*.0.0.7': 'HTTP/x' }, undefined],
  ['http://10.0.0.7', { '*': 'HTTP/any' }, 'HTTP/any'],
  ['http://10.0.0.7', { '10.0.0.7.': 'HTTP/x' }, 'HTTP/x'],
  ['http://[::1]', { '*': 'HTTP/any' }, 'HTTP/any'],
  ['http://[::1]:81', { '[::1]:81': 'HTTP/port', '[::1]': 'HTTP/host' }, 'HTTP/port'],
  ['http://1.2.3.4.ad.test', {}, 'HTTP/1.2.3.4.ad.test'],
  ['http://a.1.2.3.4.test', {}, 'HTTP/a.1.2.3.4.test'],
  ['https://xn--bcher-kva.ad.test:81', { 'B\u00fccher.ad.test:81': 'HTTP/x' }, 'HTTP/x'],
  ['https://n.xn--bcher-kva.test', { '*.B\u00fccher.test': 'HTTP/x' }, 'HTTP/x'],
  ['https://a.ad.test', { 'A.AD.TEST': 'HTTP/x' }, 'HTTP/x'],
  ['https://a.ad.test', { 'a.ad.test': 'HTTP/first', 'A.ad.test': 'HTTP/second' }, 'HTTP/first'],
  ['https://a.ad.test', { 'a.ad.test:': 'HTTP/x' }, 'HTTP/a.ad.test'],
  ['https://a.ad.test', { 'a.ad.test:443': 'HTTP/x' }, 'HTTP/a.ad.test'],
  ['https://a.ad.test', { '*': '*/*' }, 'a.ad.test/*'],
  ['https://a.ad.test', { '*': 'HTTP/$&' }, 'HTTP/$&'],
])('%s with %j asks for %s', (url, serviceNames, name) => {
  expect(serviceNameOf(new URL(url), { serviceNames })).toBe(name)
  // The same where the names are read once.
  expect(serviceNameOf(new URL(url), { serviceNames: Object.freeze({ ...serviceNames }) })).toBe(name)
})

test.each([
  ['10.0.0.7', true],
  ['[::1]', true],
  ['1.2.3.4.test', false],
  ['a1.2.3.4', false],
  ['1.2.3', false],
  ['1.2.3.4.5', false],
  ['1234.1.1.1', false],
  ['255.255.255.255', true],
  ['api.ad.test', false],
])('%s is an address: %s', (host, is) => expect(isIpAddress(host)).toBe(is))

test('names are read anew while they can change, and once when they cannot', () => {
  const names: Record<string, string> = { 'a.test': 'HTTP/one' }
  const url = new URL('https://a.test')
  expect(serviceNameOf(url, { serviceNames: names })).toBe('HTTP/one')
  names['a.test'] = 'HTTP/two'
  expect(serviceNameOf(url, { serviceNames: names })).toBe('HTTP/two')
  let read = 0
  const frozen = new Proxy(Object.freeze({ 'a.test': 'HTTP/one' }), {
    ownKeys: (target) => (read++, Reflect.ownKeys(target)),
  })
  for (let count = 0; count < 3; count++) expect(serviceNameOf(url, { serviceNames: frozen })).toBe('HTTP/one')
  // Once for the table, once to see that it is frozen.
  expect(read).toBeLessThanOrEqual(2)
})

test('a host that is empty has no name, and one dot at its end is none', () => {
  expect(serviceNameOfHost('', '', {})).toBeUndefined()
  expect(serviceNameOfHost('', '', { serviceNames: { '*': 'HTTP/x' } })).toBe('HTTP/x')
  expect(serviceNameOfHost('a', '81', { includePort: true })).toBe('HTTP/a:81')
  expect(hostOf({ hostname: 'a.test.' } as URL)).toBe('a.test')
  expect(hostOf({ hostname: 'a.test' } as URL)).toBe('a.test')
})

describe('a CNAME that the app looks up', () => {
  const found = (options: Parameters<typeof findServiceName>[1], url = 'https://www.ad.test:8443/') =>
    findServiceName(new URL(url), options)

  test('is asked for the host, and its answer is read as a host', async () => {
    const asked: string[] = []
    const canonicalName = async (host: string) => (asked.push(host), 'NODE\u212a.ad.test.')
    expect(await found({ canonicalName })).toBe('HTTP/node\u212a.ad.test')
    expect(await found({ canonicalName, includePort: true })).toBe('HTTP/node\u212a.ad.test:8443')
    expect(await found({ canonicalName }, 'https://WWW.ad.test./')).toBe('HTTP/node\u212a.ad.test')
    expect(asked).toEqual(['www.ad.test', 'www.ad.test', 'www.ad.test'])
  })

  test('may have a name in the list, and an address has none', async () => {
    const canonicalName = async () => 'node1.ad.test'
    const serviceNames = { 'node1.ad.test': 'HTTP/farm.ad.test', '10.0.0.7': 'HTTP/seven' }
    expect(await found({ canonicalName, serviceNames })).toBe('HTTP/farm.ad.test')
    expect(await found({ canonicalName, serviceNames }, 'https://10.0.0.7/')).toBe('HTTP/seven')
    expect(await found({ canonicalName }, 'https://10.0.0.8/')).toBeUndefined()
    expect(await found({ canonicalName, serviceNames: { '*': 'HTTP/*' } })).toBe('HTTP/node1.ad.test')
    expect(await found({ canonicalName, serviceNames: { '*.ad.test': 'HTTP/any' } })).toBe('HTTP/any')
    expect(await found({ canonicalName: async () => '10.0.0.9' })).toBeUndefined()
  })
})
