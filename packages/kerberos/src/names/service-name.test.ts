import { hostname } from 'node:os'
import { expect, test } from 'vitest'
import { parseService, principalOf } from './service-name.js'

test.each([
  ['HTTP@web.ad.test', 'HTTP/web.ad.test'],
  ['HTTP@WEB.AD.Test.', 'HTTP/web.ad.test'],
  ['HTTP/web.ad.test', 'HTTP/web.ad.test'],
  ['HTTP/WEB', 'HTTP/WEB'],
  ['HTTP@web.ad.test@AD.TEST', 'HTTP/web.ad.test@AD.TEST'],
  ['HTTP/web.ad.test@AD.TEST', 'HTTP/web.ad.test@AD.TEST'],
  ['MSSQLSvc/db.ad.test:1433', 'MSSQLSvc/db.ad.test:1433'],
  ['HTTP', `HTTP/${hostname().toLowerCase()}`],
])('%s is the service %s', (text, spn) => {
  expect(principalOf(parseService(text))).toBe(spn)
})

test.each(['', '@', '/', 'HTTP@', '@web', 'HTTP@web@', 'HTTP@web@AD@TEST', 'HTTP@a b', 'HTTP\\/web', 'HTTP@we\u202eb'])(
  '%j is none',
  (text) => {
    expect(() => parseService(text)).toThrow(/^service: expected a service and its host, found /)
  },
)
