import { ConfigurationError, createKdcConnections } from '@s4u/kdc-client'
import { describe, expect, test } from 'vitest'
import { type NegotiatorKdcOptions, readKdcOptions } from './kdc-options.js'

const CACHE = { maxBytes: 1_000_000 }
const OLD: NegotiatorKdcOptions = {
  kpasswd: 'kdc1.ad.test',
  kdcTimeLimit: 5_000,
  domains: { CORP: 'CORP.TEST' },
  ticketCache: CACHE,
  armor: { keytab: '/etc/krb5.keytab' },
  fast: 'require',
  encryptionTypes: [18],
}
const NEW = {
  kpasswd: 'kdc1.ad.test',
  timeLimit: 5_000,
  domains: { CORP: 'CORP.TEST' },
  cache: CACHE,
  armor: { keytab: '/etc/krb5.keytab' },
  fast: 'require',
  encryptionTypes: [18],
} as const

function refusalOf(options: NegotiatorKdcOptions): unknown {
  try {
    return readKdcOptions(options)
  } catch (error) {
    return error
  }
}

describe('what options say of KDCs', () => {
  test('is nothing where they say nothing', () => {
    expect(readKdcOptions({})).toEqual({ notices: [] })
  })

  test.each<[string, NonNullable<NegotiatorKdcOptions['kdc']>]>([
    ['an address', 'kdc1.ad.test'],
    ['several', ['kdc1.ad.test', 'kdc2.ad.test']],
    ['addresses by realm', { 'AD.TEST': ['kdc1.ad.test'], 'EAST.TEST': 'kdc.east.test' }],
    ['addresses by realm, where one is called like an option in capitals', { DNS: 'kdc1.ad.test' }],
    ['addresses of no realm', {}],
    ['a transport', () => Promise.resolve(new Uint8Array())],
  ])('is where they are: %s', (_what, kdc) => {
    expect(readKdcOptions({ kdc })).toEqual({ kdc: { kdc }, notices: [] })
  })

  test('is what the KDC client is told, in its own words', () => {
    const all = {
      ...NEW,
      kdc: 'kdc1.ad.test',
      realm: 'AD.TEST',
      krb5Config: '/etc/krb5.conf',
      pac: true,
      canonicalize: true,
    }
    expect(readKdcOptions({ kdc: { ...all, forwardable: false } })).toEqual({
      kdc: { ...all, forwardable: false },
      notices: [],
    })
  })

  test('is the same under the names of version 0.1, each of which is told with the new one', () => {
    const { kdc, notices } = readKdcOptions({ kdc: 'kdc1.ad.test', ...OLD })
    expect(kdc).toEqual({ kdc: 'kdc1.ad.test', ...NEW })
    expect(notices.map(({ message }) => message)).toEqual([
      'negotiate: the option kpasswd is now called kdc.kpasswd',
      'negotiate: the option kdcTimeLimit is now called kdc.timeLimit',
      'negotiate: the option domains is now called kdc.domains',
      'negotiate: the option ticketCache is now called kdc.cache',
      'negotiate: the option armor is now called kdc.armor',
      'negotiate: the option fast is now called kdc.fast',
      'negotiate: the option encryptionTypes is now called kdc.encryptionTypes',
    ])
    expect(notices[1]).toMatchObject({ level: 'warn', code: 'S4U_OLD_NAME_KDC_TIME_LIMIT' })
    expect(readKdcOptions(OLD).kdc).toEqual(NEW)
  })

  test('is said once: the old name beside the new one is refused', () => {
    expect(refusalOf({ kdcTimeLimit: 1_000, kdc: { timeLimit: 2_000 } })).toMatchObject({
      name: 'ConfigurationError',
      message: 'negotiate: kdcTimeLimit is the old name of kdc.timeLimit, and both are given',
      hint: 'Leave kdcTimeLimit out.',
    })
    expect(readKdcOptions({ kdcTimeLimit: 1_000, kdc: { fast: 'off' } }).kdc).toEqual({ timeLimit: 1_000, fast: 'off' })
  })

  test.each([
    [{ timelimit: 5_000 }, 'timeLimit'],
    [{ fast: 'off', kdcs: 'kdc1.ad.test' }, 'kdc'],
    [{ fast: 'off', 'AD.TEST': 'kdc1.ad.test' }, undefined],
    [{ krb5config: '/etc/krb5.conf' }, 'krb5Config'],
    [{ timeLimit: 5_000, credentials: { ccache: true } }, undefined],
    [{ timeLimit: 5_000, logger: console }, undefined],
  ])('is refused under a name that is none, with the right one: %j', (kdc, right) => {
    const error = refusalOf({ kdc: kdc as NegotiatorKdcOptions['kdc'] })
    expect(error).toBeInstanceOf(ConfigurationError)
    expect(error).toHaveProperty('code', 'S4U_UNKNOWN_OPTION')
    if (right !== undefined)
      expect(error).toHaveProperty('message', expect.stringContaining(`did you mean "${right}"?`))
  })

  test('is not said of connections that have been told', () => {
    using connections = createKdcConnections({ kdc: 'kdc1.ad.test' })
    expect(readKdcOptions({ kdc: { connections, fast: 'off' } }).kdc).toEqual({ connections, fast: 'off' })
    expect(refusalOf({ kdc: { connections, timeLimit: 1, kpasswd: 'kdc1.ad.test' } })).toMatchObject({
      message: 'kdc: kpasswd, timeLimit beside connections, which have their own',
      hint: 'Write it where the connections are made, in createKdcConnections.',
    })
  })

  test('is copied and closed', () => {
    const kdc = { encryptionTypes: [18] }
    const read = readKdcOptions({ kdc }).kdc
    kdc.encryptionTypes.push(23)
    expect(read?.encryptionTypes).toEqual([18])
    expect('toString' in (read ?? {})).toBe(false)
  })
})
