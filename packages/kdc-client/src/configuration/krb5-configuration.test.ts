import { ConfigurationError, journalFor } from '@s4u/krb5'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { Krb5Configuration, readKrb5Conf } from './krb5-configuration.js'
import { tellUnread } from '../client/unread-settings.js'

const folder = mkdtempSync(join(tmpdir(), 's4u-krb5-conf-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const realm = (name: string): string => `[libdefaults]\n  default_realm = ${name}\n`

test('several files are read as one; those that are missing do no harm', () => {
  const files = [
    file('a', realm('A.TEST')),
    join(folder, 'missing'),
    file('b', `${realm('B.TEST')}[realms]\n  B.TEST = {\n    kdc = kdc.b.test\n  }\n`),
  ]
  const { conf } = new Krb5Configuration(files.join(':'), Date.now)
  expect(conf.defaultRealm).toBe('A.TEST')
  expect(conf.kdcsOf('B.TEST')).toEqual([{ host: 'kdc.b.test', port: 88 }])
})

test('a file that is named and cannot be read is told', () => {
  const configuration = new Krb5Configuration(join(folder, 'missing'), Date.now)
  expect(() => configuration.conf).toThrow(ConfigurationError)
})

test('a file with a mistake is told with its line', () => {
  const configuration = new Krb5Configuration(file('bad', '[libdefaults\n'), Date.now)
  expect(() => configuration.conf).toThrow(/bad, line 1/)
})

test('a realm is known by another spelling where letter case alone differs', () => {
  const conf = file('realms', '[realms]\n  B.TEST = {\n    kdc = kdc.b.test\n  }\n')
  const configuration = new Krb5Configuration(conf, Date.now)
  expect(configuration.otherSpelling('b.test')).toBe('B.TEST')
  expect(configuration.otherSpelling('B.TEST')).toBeUndefined()
  expect(configuration.otherSpelling('C.TEST')).toBeUndefined()
})

test('a file that has changed is read again, after a while', () => {
  let now = 0
  const path = file('changing', realm('A.TEST'))
  const configuration = new Krb5Configuration(path, () => now)
  const before = configuration.conf
  writeFileSync(path, realm('LONGER.TEST'))
  expect(configuration.conf).toBe(before)
  now = 10_001
  expect(configuration.conf.defaultRealm).toBe('LONGER.TEST')
  const again = configuration.conf
  now = 30_000
  expect(configuration.conf).toBe(again)
})

test('includes are read from disk', () => {
  const included = file('included', realm('INCLUDED.TEST'))
  const configuration = new Krb5Configuration(file('including', `include ${included}\n`), Date.now)
  expect(configuration.conf.defaultRealm).toBe('INCLUDED.TEST')
})

test('what has no effect is told to people, once for each reading', () => {
  const path = file('unread', '[libdefaults]\n  rdns = false\n  udp_prefrence_limit = 1\n')
  const lines: string[] = []
  const say = (text: string): void => void lines.push(text)
  const journal = journalFor({ debug: say, info: say, warn: say, error: say })
  const conf = readKrb5Conf(path)
  for (let turn = 0; turn < 2; turn++) tellUnread(conf, journal)
  expect(lines).toEqual([
    `S4U_SETTING_NOT_READ: ${path}, line 2: libdefaults rdns has no effect: no address is looked up backwards`,
    `S4U_SETTING_NOT_READ: ${path}, line 3: libdefaults udp_prefrence_limit has no effect: no setting is called so; udp_preference_limit may be meant`,
  ])
})
