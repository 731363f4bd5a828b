import { describe, expect, test } from 'vitest'
import { ConfigurationError } from '../errors/errors.js'
import { builtInCacheName, configuredName, defaultClientKeytabName, defaultKeytabName } from './default-names.js'
import { parseKrb5Conf } from './krb5-conf.js'
import type { Machine } from '../platform/machine.js'

const machine = (environment: Record<string, string> = {}, more: Partial<Machine> = {}): Machine => ({
  readFile: () => '',
  listFolder: () => [],
  environment,
  uid: 1000,
  euid: 1001,
  username: () => 'alice',
  ...more,
})

const conf = (name: string, value: string) => parseKrb5Conf(`[libdefaults]\n${name} = ${value}\n`)

describe.each([
  ['default_keytab_name', 'KRB5_KTNAME', defaultKeytabName, 'FILE:/etc/krb5.keytab'],
  ['default_client_keytab_name', 'KRB5_CLIENT_KTNAME', defaultClientKeytabName, undefined],
] as const)('%s', (setting, variable, nameOf, builtIn) => {
  test(`is what ${variable} says, then what krb5.conf does, then what is built in`, () => {
    expect(nameOf(conf(setting, 'FILE:/from/conf'), machine({ [variable]: 'FILE:/from/%{uid}' }))).toBe(
      'FILE:/from/%{uid}',
    )
    expect(nameOf(conf(setting, 'FILE:/from/conf'), machine())).toBe('FILE:/from/conf')
    expect(nameOf(conf(setting, '""'), machine())).toBe(builtIn)
    expect(nameOf(undefined, machine())).toBe(builtIn)
  })

  test.each([
    ['FILE:/run/%{uid}/a', 'FILE:/run/1000/a'],
    ['FILE:/run/%{USERID}/a', 'FILE:/run/1000/a'],
    ['FILE:/run/%{euid}/a', 'FILE:/run/1001/a'],
    ['/home/%{username}/a', '/home/alice/a'],
    ['FILE:%{TEMP}/a', 'FILE:/tmp/a'],
    ['KCM:%{null}', 'KCM:'],
    ['DIR:/run/user/%{uid}/krb5cc%{null}-%{uid}', 'DIR:/run/user/1000/krb5cc-1000'],
    ['FILE:/a%b', 'FILE:/a%b'],
  ])('%s stands for %s', (written, name) => {
    expect(nameOf(conf(setting, written), machine())).toBe(name)
  })

  test('%{TEMP} is what TMPDIR says', () => {
    expect(nameOf(conf(setting, '%{TEMP}/a'), machine({ TMPDIR: '/var/tmp' }))).toBe('/var/tmp/a')
  })

  test.each(['%{LIBDIR}/a', '%{nonsense}', '%{}', '%{uid'])('%s is refused, with those that are known', (written) => {
    const failed = errorOf(() => nameOf(conf(setting, written), machine()))
    expect(failed.code).toBe('KRB5_CONFIG_BADFORMAT')
    expect(failed.message).toContain(`krb5.conf, ${setting}: %{`)
    expect(failed.hint).toContain('%{uid}, %{USERID}, %{euid}, %{username}, %{TEMP}, %{null}')
  })

  test('what this machine cannot say is refused', () => {
    const nameless = machine(
      {},
      {
        uid: undefined,
        username: () => {
          throw new Error('no entry')
        },
      },
    )
    for (const token of ['uid', 'username'])
      expect(errorOf(() => nameOf(conf(setting, `%{${token}}`), nameless)).message).toContain(
        `%{${token}} is not known here`,
      )
  })
})

test('the name of a cache is what krb5.conf says, if anything', () => {
  const nameIn = (written: string) =>
    configuredName(conf('default_ccache_name', written), 'default_ccache_name', machine())
  expect(['KCM:%{uid}', '""'].map(nameIn)).toEqual(['KCM:1000', undefined])
  expect(configuredName(undefined, 'default_ccache_name', machine())).toBeUndefined()
})

const windows = (environment: Record<string, string> = {}) =>
  machine(environment, { isWindows: true, uid: undefined, euid: undefined })

const FOLDERS = {
  TEMP: String.raw`C:\Users\alice\AppData\Local\Temp`,
  APPDATA: String.raw`C:\Users\alice\AppData\Roaming`,
  LOCALAPPDATA: String.raw`C:\Users\alice\AppData\Local`,
  ProgramData: String.raw`C:\ProgramData`,
  SystemRoot: String.raw`C:\Windows`,
}

describe('on Windows', () => {
  const expand = (written: string, environment: Record<string, string> = FOLDERS) =>
    configuredName(conf('default_ccache_name', written), 'default_ccache_name', windows(environment))

  test.each([
    ['FILE:%{TEMP}/cc', String.raw`FILE:C:\Users\alice\AppData\Local\Temp\cc`],
    [String.raw`%{APPDATA}\cc`, String.raw`C:\Users\alice\AppData\Roaming\cc`],
    [String.raw`%{LOCAL_APPDATA}\cc`, String.raw`C:\Users\alice\AppData\Local\cc`],
    ['%{COMMON_APPDATA}/cc', String.raw`C:\ProgramData\cc`],
    ['%{WINDOWS}/cc', String.raw`C:\Windows\cc`],
    ['%{SYSTEM}/cc', String.raw`C:\Windows\System32\cc`],
    ['%{USERCONFIG}/cc', String.raw`C:\Users\alice\AppData\Roaming\MIT\Kerberos5\cc`],
    ['%{COMMONCONFIG}/cc', String.raw`C:\ProgramData\MIT\Kerberos5\cc`],
    ['%{LOCAL_APPDATA}/cc_%{username}%{null}', String.raw`C:\Users\alice\AppData\Local\cc_alice`],
  ])('%s stands for %s', (written, name) => {
    expect(expand(written)).toBe(name)
  })

  test('%{TEMP} is what TEMP says, then TMP, without the last backslash, and never TMPDIR', () => {
    const both = { TEMP: 'D:\\temp\\', TMP: String.raw`D:\tmp`, TMPDIR: '/tmp' }
    expect(expand('%{TEMP}/a', both)).toBe(String.raw`D:\temp\a`)
    expect(expand('%{TEMP}/a', { ...both, TEMP: '' })).toBe(String.raw`D:\tmp\a`)
    expect(errorOf(() => expand('%{TEMP}/a', { TMPDIR: '/tmp' })).hint).toMatch(/variable TEMP says, which is not set/)
  })

  test.each(['uid', 'USERID', 'euid'])(
    '%%{%s}, a SID there, is refused, and the hint names what works',
    (parameter) => {
      const failed = errorOf(() => expand(`FILE:%{${parameter}}`))
      expect([failed.code, failed.message]).toEqual([
        'KRB5_CONFIG_BADFORMAT',
        `krb5.conf, default_ccache_name: %{${parameter}} is not known here`,
      ])
      const [named] = /%\{LOCAL_APPDATA\}/.exec(failed.hint ?? '') ?? ['']
      expect(expand(`FILE:${named}/cc`)).toBe(String.raw`FILE:C:\Users\alice\AppData\Local\cc`)
    },
  )

  test.each([
    ['APPDATA', 'APPDATA'],
    ['LOCAL_APPDATA', 'LOCALAPPDATA'],
    ['COMMON_APPDATA', 'ProgramData'],
    ['SYSTEM', 'SystemRoot'],
  ])('%%{%s} without a value is refused, and the hint names the variable %s', (parameter, variable) => {
    const { hint } = errorOf(() => expand(`%{${parameter}}/a`, {}))
    expect(hint).toBe(
      `%{${parameter}} is what the environment variable ${variable} says, which is not set. Set it, or write the path itself.`,
    )
  })

  test('the parameters that the hint calls known are', () => {
    const { hint } = errorOf(() => expand('%{nonsense}'))
    const known = [...(hint ?? '').matchAll(/%\{(\w+)\}/g)].map(([written]) => written)
    expect(known).toHaveLength(10)
    for (const written of known) expect(expand(`x${written}`)).toMatch(/^x/)
  })

  test('the keytab of services is krb5kt in the folder of Windows', () => {
    expect(defaultKeytabName(undefined, windows(FOLDERS))).toBe(String.raw`FILE:C:\Windows\krb5kt`)
    const failed = errorOf(() => defaultKeytabName(undefined, windows()))
    expect(failed.code).toBe('KRB5_KT_NOTFOUND')
    expect(failed.hint).toContain('KRB5_KTNAME')
    expect(defaultKeytabName(undefined, windows({ KRB5_KTNAME: 'FILE:web.keytab' }))).toBe('FILE:web.keytab')
  })

  test('the cache is krb5cc in the temporary folder of the user', () => {
    expect(builtInCacheName(windows(FOLDERS))).toBe(String.raw`FILE:C:\Users\alice\AppData\Local\Temp\krb5cc`)
    expect(builtInCacheName(windows({ ...FOLDERS, TEMP: String.raw`C:\WindowsOfAlice` }))).toBe(
      String.raw`FILE:C:\WindowsOfAlice\krb5cc`,
    )
  })

  test.each([
    [{}, 'neither TEMP nor TMP is set'],
    [{ ...FOLDERS, TEMP: String.raw`c:\WINDOWS\Temp` }, 'which all services share'],
    [{ ...FOLDERS, TEMP: 'C:/Windows/Temp' }, 'which all services share'],
  ])('no cache is the default with %j', (environment, why) => {
    const failed = errorOf(() => builtInCacheName(windows(environment)))
    expect([failed.code, failed.hint]).toEqual(['KRB5_CC_BADNAME', expect.stringContaining('KRB5CCNAME')])
    expect(failed.message).toContain(why)
  })
})

test('parameters of Windows are not known elsewhere', () => {
  const expand = () =>
    configuredName(conf('default_ccache_name', '%{APPDATA}/a'), 'default_ccache_name', machine(FOLDERS))
  expect(errorOf(expand).message).toContain('%{APPDATA} is not known here')
})

test('the built-in cache has the number of the user in its name, and there is none without a number', () => {
  expect(builtInCacheName(machine())).toBe('FILE:/tmp/krb5cc_1000')
  expect(errorOf(() => builtInCacheName(machine({}, { uid: undefined }))).message).toContain('users have no numbers')
})

function errorOf(run: () => unknown): ConfigurationError {
  try {
    run()
  } catch (error) {
    if (error instanceof ConfigurationError) return error
    throw error
  }
  throw new Error('was accepted')
}
