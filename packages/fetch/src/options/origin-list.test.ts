import { ConfigurationError } from '@s4u/kdc-client'
import { expect, test } from 'vitest'
import { originList } from './origin-list.js'

test.each([
  ['https://api.ad.test', 'https://api.ad.test/orders', true],
  ['https://api.ad.test', 'http://api.ad.test/', false],
  ['https://api.ad.test', 'https://api.ad.test:8443/', false],
  ['https://api.ad.test', 'https://api.ad.test.evil.test/', false],
  ['https://*.farm.ad.test', 'https://n1.farm.ad.test/', true],
  ['https://*.farm.ad.test', 'https://farm.ad.test/', false],
  ['https://*.farm.ad.test', 'https://evilfarm.ad.test/', false],
  ['https://*.farm.ad.test', 'http://n1.farm.ad.test/', false],
  ['http://*.farm.ad.test:8080', 'http://n1.farm.ad.test:8080/', true],
  ['http://*.farm.ad.test:8080', 'http://n1.farm.ad.test/', false],
  ['http://*.farm.ad.test:8080', 'http://n1.farm.ad.test:8081/', false],
  ['http://*.farm.ad.test:8080', 'https://n1.farm.ad.test:8080/', false],
  ['https://*.farm.ad.test', 'https://n1.farm.ad.test:8443/', false],
  ['https://*.farm.ad.test', 'https://n1.farm.ad.test:443/', true],
  ['https://*.farm.ad.test', 'https://n1.farm.ad.test.evil.test/', false],
])('the list [%s] and %s: %s', (entry, url, listed) => {
  expect(originList([entry])(new URL(url))).toBe(listed)
})

test.each(['api.ad.test', 'https://api.ad.test/path', 'ftp://api.ad.test', '*', 'https://*', ''])(
  'refuses %j, which is not an origin',
  (entry) => {
    expect(() => originList([entry])).toThrow(ConfigurationError)
  },
)

test.each([
  'https://api.ad.test?x',
  'https://api.ad.test/?x',
  'https://api.ad.test#x',
  'https://a.*.ad.test',
  'https://*.*.ad.test',
  'xhttps://api.ad.test',
  'xhttps://api.ad.test/',
  'xhttps://*.ad.test',
  'https://*.ad.test\nx',
  ' *.ad.test',
  'file:///',
])('refuses %j in words', (entry) => {
  expect(() => originList(['https://ok.test', entry])).toThrow(
    expect.objectContaining({
      name: 'ConfigurationError',
      message: expect.stringMatching(/^origins: .+ is not an origin$/),
      hint: "Write 'https://api.ad.test', 'https://*.farm.ad.test' or 'http://api.ad.test:8080'.",
    }),
  )
})

test.each([
  ['HTTPS://*.FARM.ad.test', 'https://n1.farm.ad.test', true],
  ['http://*.farm.ad.test', 'http://n1.n2.farm.ad.test', true],
  ['https://*.farm.ad.test/', 'https://n1.farm.ad.test', true],
  ['https://*.t', 'https://a.t', true],
  ['https://*.farm.ad.test', 'https://.farm.ad.test', false],
  ['https://API.ad.test', 'https://api.ad.test', true],
])('the list [%s] and %s: %s, however it is written', (entry, url, listed) => {
  expect(originList(['http://other.test', entry])(new URL(url))).toBe(listed)
  expect(originList([])(new URL(url))).toBe(false)
})
