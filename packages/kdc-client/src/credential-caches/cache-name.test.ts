import { type Machine, S4uError } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { parseCacheName } from './cache-name.js'
import { defaultCacheName } from './default-cache.js'

function refusalOf(run: () => unknown): S4uError {
  try {
    run()
  } catch (error) {
    if (S4uError.is(error)) return error
    throw error
  }
  throw new Error('was accepted')
}

describe('the name of a credential cache', () => {
  test.each([
    ['/tmp/krb5cc_0', { type: 'FILE', path: '/tmp/krb5cc_0' }],
    ['cc', { type: 'FILE', path: 'cc' }],
    ['FILE:/tmp/krb5cc_0', { type: 'FILE', path: '/tmp/krb5cc_0' }],
    ['FILE:FILE:x', { type: 'FILE', path: 'FILE:x' }],
    ['C:\\cc', { type: 'FILE', path: 'C:\\cc' }],
    ['my:cc', { type: 'FILE', path: 'my:cc' }],
    ['DIR:/run/user/0/cc', { type: 'DIR', folder: '/run/user/0/cc' }],
    ['DIR::/run/user/0/cc/tkt', { type: 'DIR:', path: '/run/user/0/cc/tkt' }],
    ['DIR::/run/user/0/cc/tktAb', { type: 'DIR:', path: '/run/user/0/cc/tktAb' }],
    ['KCM:', { type: 'KCM', cache: '' }],
    ['KCM:0:4711', { type: 'KCM', cache: '0:4711' }],
  ])('%s', (name, parsed) => {
    expect(parseCacheName(name)).toEqual(parsed)
  })

  test.each([
    ['', 'KRB5_CC_BADNAME', 'the name of a credential cache is empty', /Write FILE:/],
    ['FILE:', 'KRB5_CC_BADNAME', 'FILE: names no credential cache', /Write FILE:\/path/],
    ['DIR:', 'KRB5_CC_BADNAME', 'DIR: names no credential cache', /DIR:\/path/],
    ['DIR::', 'KRB5_CC_BADNAME', 'DIR:: names no credential cache', /DIR:\/path/],
    [
      'DIR::/run/cc/primary',
      'KRB5_CC_BADNAME',
      '/run/cc/primary is no cache of a folder: expected the path of a file that begins with tkt',
      /DIR::\/folder\/tktNAME/,
    ],
    [
      'KEYRING:persistent:0',
      'KRB5_CC_UNKNOWN_TYPE',
      'credential caches of type KEYRING cannot be read',
      /keyring of the Linux kernel.*kinit -c FILE:/,
    ],
    [
      'MEMORY:x',
      'KRB5_CC_UNKNOWN_TYPE',
      'credential caches of type MEMORY cannot be read',
      /memory of one process.*kinit -c FILE:/,
    ],
    ['API:', 'KRB5_CC_UNKNOWN_TYPE', 'credential caches of type API cannot be read', /macOS.*kinit -c FILE:/],
    ['MSLSA:', 'KRB5_CC_UNKNOWN_TYPE', 'credential caches of type MSLSA cannot be read', /keytab/],
    [
      'file:/tmp/x',
      'KRB5_CC_UNKNOWN_TYPE',
      'file: is no type of credential caches: types are in capitals',
      /^Write FILE: in place of file:\.$/,
    ],
    ['Kcm:', 'KRB5_CC_UNKNOWN_TYPE', 'Kcm: is no type of credential caches: types are in capitals', /^Write KCM:/],
    [
      'SECRET:x',
      'KRB5_CC_UNKNOWN_TYPE',
      'credential caches of another type than FILE, DIR and KCM cannot be read',
      /none that is known/,
    ],
  ])('%j is refused, and says what to write', (name, code, message, hint) => {
    const error = refusalOf(() => parseCacheName(name))
    expect([error.code, error.message]).toEqual([code, message])
    expect(error.hint).toMatch(hint)
  })

  test.each(['constructor:x', 'toString:x', 'hasOwnProperty:x'])(
    '%j is a path: what every object has is no type',
    (path) => {
      expect(parseCacheName(path)).toEqual({ type: 'FILE', path })
    },
  )
})

describe('the default credential cache', () => {
  const file = 'FILE:/tmp/krb5cc_1000'
  const machine = (environment: Record<string, string>, more: Partial<Machine> = {}): Machine => ({
    readFile: () => '',
    listFolder: () => [],
    environment,
    uid: 1000,
    euid: 1000,
    username: () => 'alice',
    ...more,
  })

  test('is what KRB5CCNAME says, else the configuration, else the file that all programs share', () => {
    const configured = 'DIR:/run/user/0/krb5cc'
    expect(defaultCacheName({ machine: machine({ KRB5CCNAME: 'KCM:' }), configured })).toBe('KCM:')
    expect(defaultCacheName({ machine: machine({}), configured })).toBe(configured)
    expect(defaultCacheName({ machine: machine({}), configured: '' })).toBe(file)
    expect(defaultCacheName({ machine: machine({}) })).toBe(file)
  })

  test('is a file in the temporary folder of the user on Windows, which its name leads to', () => {
    const environment = { TEMP: String.raw`C:\Users\alice\AppData\Local\Temp` }
    const name = defaultCacheName({ machine: machine(environment, { isWindows: true, uid: undefined }) })
    expect(parseCacheName(name)).toEqual({ type: 'FILE', path: `${environment.TEMP}\\krb5cc` })
  })

  test('is not that of root where users have no numbers', () => {
    const error = refusalOf(() => defaultCacheName({ machine: machine({}, { uid: undefined }) }))
    expect(error.code).toBe('KRB5_CC_BADNAME')
  })

  test('is none where KRB5CCNAME is set and empty; unset it is the shared file again', () => {
    const error = refusalOf(() => defaultCacheName({ machine: machine({ KRB5CCNAME: '' }) }))
    expect([error.code, error.message]).toEqual([
      'KRB5_CC_BADNAME',
      'KRB5CCNAME is set and empty, and so names no credential cache',
    ])
    expect(error.hint).toMatch(/^Unset KRB5CCNAME/)
  })
})
