import { expect, test } from 'vitest'
import { configurationPaths, readConfigurationFiles } from './configuration-files.js'

test.each([
  [undefined, ['/etc/krb5.conf']],
  ['', ['/etc/krb5.conf']],
  ['/a/krb5.conf', ['/a/krb5.conf']],
  ['/a/krb5.conf::/b/krb5.conf:', ['/a/krb5.conf', '/b/krb5.conf']],
  ['conf/a:/b', ['conf/a', '/b']],
  [String.raw`C:\krb5.conf`, [String.raw`C:\krb5.conf`]],
  ['c:/corp/krb5.conf', ['c:/corp/krb5.conf']],
  [String.raw`C:\a.conf;D:\b.conf;`, [String.raw`C:\a.conf`, String.raw`D:\b.conf`]],
])('KRB5_CONFIG %j names %j', (value, paths) => {
  expect(configurationPaths(value)).toEqual(paths)
})

const path = String.raw`C:\ProgramData\krb5.conf`
const missing = (): never => {
  throw new Error('ENOENT')
}

test('a file of Windows is read as one file, with the ends of lines that Windows writes', () => {
  const read: string[] = []
  const readFile = (name: string): string => {
    read.push(name)
    return '[libdefaults]\r\n default_realm = AD.TEST\r\n'
  }
  const conf = readConfigurationFiles(path, { readFile, listFolder: missing })
  expect(read).toEqual([path])
  expect(conf.string('libdefaults', 'default_realm')).toBe('AD.TEST')
})

test('the only file that is named must be there, on Windows too', () => {
  expect(() => readConfigurationFiles(path, { readFile: missing, listFolder: missing })).toThrow(
    expect.objectContaining({ code: 'KRB5_CONFIG_CANTOPEN', message: expect.stringContaining('named as krb5.conf') }),
  )
  const two = readConfigurationFiles(`${path};D:\\b.conf`, { readFile: missing, listFolder: missing })
  expect(two.string('libdefaults', 'default_realm')).toBeUndefined()
})
