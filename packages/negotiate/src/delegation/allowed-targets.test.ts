import { parsePrincipal } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { isAllowed, isEntry, type Target } from './allowed-targets.js'

/**
 * With a realm only where one is written. Components as they are: what a name may hold is not
 * looked at here.
 */
function targetOf(text: string): Target {
  const { name, realm } = parsePrincipal(text, { realm: 'UNSAID' })
  return realm === 'UNSAID' ? { name } : { name, realm }
}

const named = (...nameString: readonly string[]): Target => ({ name: { nameType: 1, nameString } })

test.each([
  'HTTP/api.ad.test',
  'h/a',
  'HTTP/*',
  'HTTP/*.farm.ad.test',
  'HTTP/*.t',
  'HTTP/[fd00::1]',
  'HTTP/[FD00:0:0:0:0:0:1.2.3.4]',
  'HTTP/[::1]:8080',
  'MSSQLSvc/db.ad.test:1433',
  'MSSQLSvc/db.ad.test:SALES',
  'MSSQLSvc/*.ad.test:1',
  'HTTP/*:8080',
  'HTTP/api.ad.test@AD.TEST',
  'HTTP/api@A',
  'MSSQLSvc/db:1433@AD.TEST',
])('%s is an entry', (text) => expect(isEntry(text)).toBe(true))

test.each<unknown>([
  '',
  '/',
  'HTTP',
  'HTTP/',
  '/api',
  ' HTTP/api',
  'HTTP/api ',
  'HTTP /api',
  'HT TP/api',
  'HT*P/api',
  'HT\\TP/api',
  'HT@TP/api',
  'a/HTTP/api',
  'HTTP/a b',
  'HTTP/a\\b',
  'HTTP/a*',
  'HTTP/*a',
  'HTTP/**',
  'HTTP/*.*',
  'HTTP/*.',
  'HTTP/a[b',
  'HTTP/a]b',
  'HTTP/[fd00::x]',
  'HTTP/[fd00::1]x',
  'HTTP/x[fd00::1]',
  'HTTP/[]',
  'HTTP/x:',
  'HTTP/x:1 2',
  'HTTP/x:1:2',
  'HTTP/x:1*',
  'HTTP/x:1/2',
  'HTTP/x:1\\2',
  'HTTP/x@',
  'HTTP/x@A B',
  'HTTP/x@A*',
  'HTTP/x@A/B',
  'HTTP/x@A\\B',
  'HTTP/x@A@B',
  'HTTP/x\n',
  // A list of one entry would read like the entry.
  ['HTTP/api.ad.test'],
  undefined,
  null,
  7,
])('%j is none', (text) => {
  expect(isEntry(text as string)).toBe(false)
  expect(isAllowed(named('HTTP', 'api.ad.test'), [text as string])).toBe(false)
})

describe('an entry', () => {
  test.each([
    ['http/API.ad.test', 'HTTP/api.AD.TEST'],
    ['HTTP/a.farm.ad.test', 'http/*.FARM.ad.test'],
    ['HTTP/a.b.farm.ad.test', 'HTTP/*.farm.ad.test'],
    ['HTTP/[fd00::1]', 'HTTP/[FD00::1]'],
    ['HTTP/[fd00::1]:8080', 'HTTP/[fd00::1]:8080'],
    ['HTTP/[fd00::1]', 'HTTP/*'],
    ['HTTP/[FD00::1.2.3.4]', 'HTTP/*'],
    ['HTTP/a', 'HTTP/*'],
    ['HTTP/a.b.c', 'HTTP/*'],
    ['HTTP/api.ad.test', 'HTTP/*'],
    ['HTTP/a.farm.ad.test.', 'HTTP/*.farm.ad.test.'],
    ['HTTP/[fd00::]:8080', 'HTTP/[fd00::]:8080'],
    ['HTTP/a:8080', 'HTTP/*:8080'],
    ['MSSQLSvc/db.ad.test:sales', 'MSSQLSvc/db.ad.test:SALES'],
    ['HTTP/a@ad.test', 'HTTP/a@AD.TEST'],
  ])('permits %s: %s', (target, entry) => {
    expect(isAllowed(targetOf(target), [entry])).toBe(true)
    expect(isAllowed(targetOf(target), ['ldap/x', entry, 'no entry'])).toBe(true)
  })

  test.each([
    ['ldap/api.ad.test', 'HTTP/api.ad.test'],
    ['HTTP/api.ad.test', 'HTTP/api'],
    ['HTTP/api', 'HTTP/api.ad.test'],
    ['HTTP/api.ad.test:80', 'HTTP/api.ad.test'],
    ['HTTP/api.ad.test', 'HTTP/api.ad.test:80'],
    ['HTTP/api.ad.test:80', 'HTTP/api.ad.test:81'],
    ['HTTP/api@AD.TEST', 'HTTP/api'],
    ['HTTP/api', 'HTTP/api@AD.TEST'],
    ['HTTP/api@OTHER.TEST', 'HTTP/api@AD.TEST'],
    ['HTTP/farm.ad.test', 'HTTP/*.farm.ad.test'],
    ['HTTP/.farm.ad.test', 'HTTP/*.farm.ad.test'],
    ['HTTP/evilfarm.ad.test', 'HTTP/*.farm.ad.test'],
    ['HTTP/a.farm.ad.test.evil', 'HTTP/*.farm.ad.test'],
    ['HTTP/[fd00::1]:8080', 'HTTP/[fd00::1]'],
    ['HTTP/[fd00::1]x', 'HTTP/*'],
    ['HTTP/x[fd00', 'HTTP/*'],
    ['HTTP/[fd00-1]', 'HTTP/*'],
    ['HTTP/[]', 'HTTP/*'],
    ['HTTP/x[1]', 'HTTP/*'],
    ['HTTP/a:8080', 'HTTP/*'],
  ])('does not permit %s: %s', (target, entry) => {
    expect(isAllowed(targetOf(target), [entry])).toBe(false)
  })

  test.each([
    [' a'],
    ['a '],
    ['a b'],
    ['a.b c'],
    ['a/b'],
    ['a.b/c'],
    ['a\\b'],
    ['a.b\\c'],
    ['a@b'],
    ['a.b@c'],
    ['a*b'],
    ['*'],
    ['a.*'],
    ['a[b'],
    ['a.b]c'],
    ['a\u0000b'],
    ['a.\u200eb'],
    ['a..b'],
    ['.a'],
    ['a.'],
    ['.'],
    [''],
    [':1'],
  ])('does not put %j in place of its star', (text) => {
    expect(isAllowed(named('HTTP', text), ['HTTP/*'])).toBe(false)
    expect(isAllowed(named('HTTP', `${text}.farm.ad.test`), ['HTTP/*.farm.ad.test'])).toBe(false)
    expect(isAllowed(named('HTTP', text), ['HTTP/*:1'])).toBe(false)
  })
})

test.each([[['HTTP']], [['HTTP', 'api', 'ad.test']], [[]]])('a name of the parts %j is permitted by none', (parts) => {
  expect(isAllowed(named(...parts), ['HTTP/*', 'HTTP/api'])).toBe(false)
})
