import { expect, test } from 'vitest'
import { hostBasedService, withoutHostBasedForm } from './host-based-name.js'
import { parseSpn } from './service-principal-name.js'

test.each([
  ['HTTP@web.ad.test', 'HTTP/web.ad.test'],
  ['http@web', 'http/web'],
  ['HTTP@Web.AD.TEST', 'HTTP/Web.AD.TEST'],
  ['HTTP@web.ad.test:8080', 'HTTP/web.ad.test:8080'],
  ['MSSQLSvc@db.ad.test:INST', 'MSSQLSvc/db.ad.test:INST'],
  ['host@web-1.ad.test', 'host/web-1.ad.test'],
  ['postgres@db.ad.test', 'postgres/db.ad.test'],
  ['HTTP@*.farm.ad.test', 'HTTP/*.farm.ad.test'],
  ['HTTP@*', 'HTTP/*'],
])('%s is how GSS-API programs write %s', (text, spn) => {
  expect(hostBasedService(text)).toBe(spn)
  expect(withoutHostBasedForm(text)).toBe(spn)
})

test.each([
  'HTTP/web.ad.test',
  'HTTP/web.ad.test@AD.TEST',
  'HTTP/vault@x.farm.ad.test',
  // An account and its realm.
  'HTTP@AD.TEST',
  'postgres@AD.TEST',
  'svc-web@ad.test',
  'alice@corp.example',
  'HTTP',
  '@web.ad.test',
  'HTTP@',
  'HTTP@web@ad.test',
  'HTTP\\@web.ad.test',
  'HTTP@web.ad.test/x',
  'HTTP@web.ad.test\n',
  'HTTP@:a',
  '',
])('%j is something else', (text) => {
  expect(hostBasedService(text)).toBeUndefined()
  expect(withoutHostBasedForm(text)).toBe(text)
})

test('parseSpn, which reads service principal names alone, says what to write', () => {
  expect(() => parseSpn('HTTP@web.ad.test')).toThrow(
    expect.objectContaining({
      name: 'MalformedTokenError',
      path: 'SPN',
      hint: 'That is the form of GSS-API programs. Write HTTP/web.ad.test.',
    }),
  )
  expect(() => parseSpn('web')).toThrow(expect.objectContaining({ name: 'MalformedTokenError', hint: undefined }))
})
