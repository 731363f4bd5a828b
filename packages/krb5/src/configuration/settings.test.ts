import { describe, expect, test } from 'vitest'
import { Krb5Conf, parseKrb5Conf } from './krb5-conf.js'
import { REALM_SETTINGS_NOT_READ, SECTIONS_NOT_READ, SETTINGS_NOT_READ } from './settings-not-read.js'
import { REALM_SETTINGS_READ, SETTINGS_READ, settingsNotRead } from './settings.js'

const told = (...lines: readonly string[]) =>
  settingsNotRead(parseKrb5Conf(lines.join('\n'), { source: '/etc/krb5.conf' })).map(
    ({ path, source, line, why }) => `${source}:${line} ${path.join('/')}: ${why}`,
  )

describe('settings of krb5.conf', () => {
  test('that are read are not told', () => {
    const libdefaults = SETTINGS_READ.map((name) => `${name} = ${name.endsWith('_enctypes') ? 'aes' : '1'}`)
    const realm = REALM_SETTINGS_READ.map((name) =>
      name === 'auth_to_local_names' ? `${name} = {\na = b\n}` : `${name} = x`,
    )
    const others = ['[domain_realm]', 'anything = A', '[capaths]', 'A = {', 'B = .', '}']
    expect(told('[libdefaults]', ...libdefaults, '[realms]', 'A = {', ...realm, '}', ...others)).toEqual([])
  })

  test('that are known and not read are told with file and line, and what is to be known of them', () => {
    expect(
      told('[libdefaults]', ' rdns = false', ' proxiable = yes', '[realms]', ' A = {', '  max_life = 1d', ' }'),
    ).toEqual([
      '/etc/krb5.conf:2 libdefaults/rdns: no address is looked up backwards',
      '/etc/krb5.conf:3 libdefaults/proxiable: proxiable tickets are not asked for',
      '/etc/krb5.conf:6 realms/A/max_life: it is for a KDC',
    ])
  })

  test.each([
    [
      'udp_prefrence_limit = 1',
      'libdefaults/udp_prefrence_limit: no setting is called so; udp_preference_limit may be meant',
    ],
    ['clock_skew = 60', 'libdefaults/clock_skew: no setting is called so; clockskew may be meant'],
    ['default_cc_name = x', 'libdefaults/default_cc_name: Heimdal calls it so: write default_ccache_name'],
    ['kdc = x', 'libdefaults/kdc: it belongs to a realm in [realms]'],
    ['forwardable = {\n a = b\n}', 'libdefaults/forwardable: a value belongs there, and no subsection'],
    ['ftp = {\n forwardable = true\n}', 'libdefaults/ftp: subsections of [libdefaults] are not read'],
    ['\u001b[31m = x', 'libdefaults/\\u{1b}[31m: no setting is called so'],
    ['zzzzzzzzzzzzzzzz = x', 'libdefaults/zzzzzzzzzzzzzzzz: no setting is called so'],
    [
      'permitted_enctypes = aes rc4-hmac des3-cbc-sha1',
      'libdefaults/permitted_enctypes: rc4-hmac, des3-cbc-sha1: not among the encryption types that are used; rc4-hmac counts where allow_rc4 = true stands beside it',
    ],
    [
      'default_tkt_enctypes = aes des-cbc-crc',
      'libdefaults/default_tkt_enctypes: des-cbc-crc: not among the encryption types that are used',
    ],
  ])('of [libdefaults] that have no effect are told: %j', (line, expected) => {
    expect(told('[libdefaults]', line)).toEqual([`/etc/krb5.conf:2 ${expected}`])
  })

  test.each([
    ['A = { kdc = x }', 'realms/A: a subsection in braces belongs there, the first of which ends its line'],
    ['A = {\n forwardable = true\n}', 'realms/A/forwardable: it is read in [libdefaults] alone'],
    ['A = {\n kdcs = x\n}', 'realms/A/kdcs: no setting of a realm is called so; kdc may be meant'],
  ])('of a realm that have no effect are told: %j', (lines, expected) => {
    expect(told('[realms]', lines)[0]).toMatch(/^\/etc\/krb5.conf:[23] /)
    expect(told('[realms]', lines)[0]).toContain(expected)
  })

  test('of a section that is not read are told as one', () => {
    expect(told('[logging]', 'a = b', 'c = d', '[libdefault]', 'rdns = false')).toEqual([
      '/etc/krb5.conf:1 logging: it is for a KDC',
      '/etc/krb5.conf:4 libdefault: no section is called so; libdefaults may be meant',
    ])
  })

  test('are told once, of several files the first', () => {
    const files = ['a', 'b'].map((source) => parseKrb5Conf('[libdefaults]\nrdns = no\nrdns = yes\n', { source }))
    expect(settingsNotRead(Krb5Conf.merge(files)).map(({ source, line }) => [source, line])).toEqual([['a', 2]])
  })

  test('are told without their values', () => {
    const secret = 'hunter2hunter2'
    expect(
      JSON.stringify(told('[libdefaults]', `pkinit_identities = ${secret}`, `permitted_enctypes = aes ${secret}=`)),
    ).not.toContain(secret)
  })

  test('are either read or not', () => {
    expect(SETTINGS_READ.filter((name) => SETTINGS_NOT_READ.has(name))).toEqual([])
    expect(REALM_SETTINGS_READ.filter((name) => REALM_SETTINGS_NOT_READ.has(name))).toEqual([])
    expect(SECTIONS_NOT_READ.has('libdefaults')).toBe(false)
  })
})
