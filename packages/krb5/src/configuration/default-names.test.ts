import { describe, expect, test } from 'vitest'
import { ConfigurationError } from '../errors/errors.js'
import { configuredName, defaultClientKeytabName, defaultKeytabName } from './default-names.js'
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

function errorOf(run: () => unknown): ConfigurationError {
  try {
    run()
  } catch (error) {
    if (error instanceof ConfigurationError) return error
    throw error
  }
  throw new Error('was accepted')
}
