import { expect, test } from 'vitest'
import { isInChromiumPattern, isInFirefoxPattern, policyLines } from './browser-zones.js'

const SITE = { protocol: 'https:', host: 'web.corp.test' }

test.each([
  ['web.corp.test', true, true],
  ['WEB.corp.test', true, true],
  [' web.corp.test ', true, true],
  ['*.corp.test', true, false],
  ['*corp.test', true, false],
  ['.corp.test', true, true],
  ['corp.test', false, true],
  ['orp.test', false, false],
  ['*', true, false],
  ['https://web.corp.test', true, true],
  ['https://*.corp.test', true, false],
  ['http://web.corp.test', false, false],
  ['https://', false, false],
  ['web.corp.test:8443', true, true],
  ['web-corp.test', false, false],
  ['w(b.corp.test', false, false],
  ['', false, false],
  ['api.corp.test', false, false],
])('%s lists https://web.corp.test for Chromium: %j, for Firefox: %j', (pattern, chromium, firefox) => {
  expect([isInChromiumPattern(pattern, SITE), isInFirefoxPattern(pattern, SITE)]).toEqual([chromium, firefox])
})

test('a policy that is written as the lines say lists the site', () => {
  const lines = policyLines(SITE)
  expect(lines).toEqual([
    String.raw`Edge (registry): Software\Policies\Microsoft\Edge\AuthServerAllowlist = web.corp.test`,
    String.raw`Chrome (registry): Software\Policies\Google\Chrome\AuthServerAllowlist = web.corp.test`,
    'Chrome and Chromium (Linux, policies/managed/NAME.json): {"AuthServerAllowlist": "web.corp.test"}',
    'Firefox (policies.json): {"policies": {"Authentication": {"SPNEGO": ["web.corp.test"]}}}',
    'Windows (Site to Zone Assignment List): https://web.corp.test = 1',
  ])
  expect(isInChromiumPattern(lines[0]?.split(' = ')[1] ?? '', SITE)).toBe(true)
})
