import { Keytab, Krb5Conf, parseKrb5Conf } from '@s4u/krb5'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { createAcceptor } from '../create-acceptor.js'
import type { AcceptorOptions } from './acceptor-options.js'
import { checkOptions } from './acceptor-settings.js'
import { etypePermissionOf } from './krb5-conf-settings.js'
import { entryOf, issue, keyOf, NOW, oddToken, SPN, tokenOf } from '../fixtures/issued-token.js'
import { accepted, refused } from '../fixtures/outcomes.js'

const folder = mkdtempSync(join(tmpdir(), 's4u-configured-acceptance-'))
afterAll(() => rmSync(folder, { recursive: true }))
afterEach(() => vi.unstubAllEnvs())

let count = 0
function conf(...lines: readonly string[]): string {
  const path = join(folder, `${count++}.conf`)
  writeFileSync(path, `[libdefaults]\n${lines.join('\n')}\n`)
  return path
}

const keytab = new Keytab([
  entryOf(SPN, 1, keyOf(1)),
  entryOf('HTTP/other.ad.test', 1, keyOf(2)),
  entryOf('host/web.ad.test', 1, keyOf(3)),
])

const acceptorOf = (options: AcceptorOptions) => createAcceptor({ keytab, now: () => NOW, ...options })

describe('an acceptor goes by krb5.conf, where options do not say it:', () => {
  test('the keytab of KRB5_KTNAME, then of default_keytab_name', () => {
    const path = join(folder, 'web.keytab')
    writeFileSync(path, keytab.encode())
    vi.stubEnv('KRB5_KTNAME', undefined)
    vi.stubEnv('KRB5_CONFIG', conf(`default_keytab_name = FILE:${folder}/%{null}web.keytab`))
    expect(createAcceptor().principals).toEqual([`${SPN}@AD.TEST`, 'HTTP/other.ad.test@AD.TEST'])
    expect(createAcceptor({ krb5Config: conf(`default_keytab_name = ${path}`) }).principals).toHaveLength(2)
    vi.stubEnv('KRB5_KTNAME', '/nowhere/a.keytab')
    expect(() => createAcceptor()).toThrow('the keytab /nowhere/a.keytab does not exist')
  })

  test.each([
    [['clockskew = 60'], {}, 60_000],
    [['clockskew = 2m'], {}, 120_000],
    [[], {}, 300_000],
    [['clockskew = 60'], { clockSkew: 5_000 }, 5_000],
  ])('how far clocks may be apart: %j with %j', (lines, options, expected) => {
    expect(checkOptions({ ...options, krb5Config: conf(...lines) }).clockSkew).toBe(expected)
  })

  test.each([
    ['clockskew = 2h', 'clockSkew must be a whole number from 0 to 3600000, not 7200000'],
    ['clockskew = soon', 'line 2: expected a duration'],
    ['permitted_enctypes = des-cbc-crc', 'line 2: no encryption type of the list can be used'],
  ])('and does not guess from %s', (line, message) => {
    expect(() => acceptorOf({ krb5Config: conf(line) })).toThrow(message)
  })

  test('so that a client whose clock is further off is refused', async () => {
    const token = () => oddToken(issue(), { authenticator: { ctime: NOW - 90_000 } })
    accepted(await acceptorOf({}).accept(token()))
    const strict = acceptorOf({ krb5Config: conf('clockskew = 60') })
    expect(refused(await strict.accept(token())).error.code).toBe('KRB_AP_ERR_SKEW')
  })

  test.each([
    [[], {}, [18, 17, 20, 19, 26, 25]],
    [['permitted_enctypes = aes256-cts aes128-cts rc4-hmac'], {}, [18, 17]],
    [['permitted_enctypes = aes256-cts rc4-hmac', 'allow_rc4 = true'], {}, [18, 23]],
    [['permitted_enctypes = aes256-cts'], { allowWeakEncryption: true }, [18, 23]],
    [['permitted_enctypes = aes256-cts'], { permittedEncryptionTypes: [17, 20] }, [17, 20]],
    [[], { permittedEncryptionTypes: [23] }, [23]],
    [['allow_weak_crypto = true'], {}, [18, 17, 20, 19, 26, 25]],
  ])('which encryption types may be used: %j with %j', (lines, options, expected) => {
    const permits = etypePermissionOf(options, parseKrb5Conf(`[libdefaults]\n${lines.join('\n')}\n`))
    expect(new Set([1, 3, 16, 17, 18, 19, 20, 23, 25, 26, 99].filter(permits))).toEqual(new Set(expected))
  })

  test('so that keys of others are none, and the hint that says how to permit them is right', () => {
    const krb5Config = conf('permitted_enctypes = aes128-cts')
    const error = errorOf(() => acceptorOf({ krb5Config, service: SPN }))
    expect(error).toMatchObject({
      name: 'MissingKeyError',
      hint: 'Permit one of these types where they are left out: in the option permittedEncryptionTypes, or in permitted_enctypes of krb5.conf.',
    })
    expect(acceptorOf({ krb5Config, service: SPN, permittedEncryptionTypes: [18] }).principals).toHaveLength(1)
    expect(acceptorOf({ krb5Config: conf('permitted_enctypes = aes'), service: SPN }).principals).toHaveLength(1)
  })

  test('so that session keys of others are refused, and the hint is right', async () => {
    const token = () => tokenOf(issue({ sessionKey: keyOf(9, 17) }))
    accepted(await acceptorOf({}).accept(token()))
    const outcome = refused(await acceptorOf({ krb5Config: conf('permitted_enctypes = aes256-cts') }).accept(token()))
    expect(outcome.error).toMatchObject({
      code: 'KDC_ERR_ETYPE_NOSUPP',
      hint: 'Permit the type where it is left out: in the option permittedEncryptionTypes, or in permitted_enctypes of krb5.conf.',
    })
    accepted(await acceptorOf({ krb5Config: conf('permitted_enctypes = aes256-cts aes128-cts') }).accept(token()))
  })

  test.each([
    [[], {}, [SPN]],
    [['ignore_acceptor_hostname = true'], {}, [SPN, 'HTTP/other.ad.test']],
    [['ignore_acceptor_hostname = true'], { ignoreAcceptorHostname: false }, [SPN]],
    [[], { ignoreAcceptorHostname: true }, [SPN, 'HTTP/other.ad.test']],
  ])('whether the host in service counts: %j with %j', (lines, options, expected) => {
    const { principals } = acceptorOf({ ...options, service: SPN, krb5Config: conf(...lines) })
    expect(principals).toEqual(expected.map((name) => `${name}@AD.TEST`))
  })

  test('but no other service of the machine, and no other realm than the one that is named', () => {
    const ignoring = (service: string) => () => acceptorOf({ service, ignoreAcceptorHostname: true })
    expect(ignoring('host/elsewhere.ad.test')().principals).toEqual(['host/web.ad.test@AD.TEST'])
    expect(ignoring('ldap/web.ad.test')).toThrow('has no key for ldap/web.ad.test')
    expect(ignoring('HTTP/web.ad.test@OTHER.TEST')).toThrow('has no key for HTTP/web.ad.test@OTHER.TEST')
    expect(ignoring('svc-web')).toThrow('has no key for svc-web')
  })

  test('local names by the rules of the same file, where localNames asks for them and not else', () => {
    const path = join(folder, 'names.conf')
    writeFileSync(path, '[realms]\nAD.TEST = {\nauth_to_local = RULE:[1:x$1]\n}\n')
    const alice = { realm: 'AD.TEST', name: { nameType: 1, nameString: ['alice'] } }
    expect(checkOptions({ krb5Config: path, localNames: 'krb5.conf' }).localName(alice, 'AD.TEST')).toBe('xalice')
    expect(checkOptions({ krb5Config: path }).localName(alice, 'AD.TEST')).toBe('alice')
  })

  test('and one that nobody has is none, unless the option names it', () => {
    vi.stubEnv('KRB5_CONFIG', '/nowhere/krb5.conf')
    expect(acceptorOf({}).principals).toHaveLength(2)
    expect(() => acceptorOf({ krb5Config: '/nowhere/krb5.conf' })).toThrow('cannot read /nowhere/krb5.conf')
    vi.stubEnv('KRB5_CONFIG', conf('['))
    expect(() => acceptorOf({})).toThrow('line 2: expected [section]')
  })
})

test('what no file says is what is safe', () => {
  const { permits, clockSkew } = checkOptions({}, Krb5Conf.merge([]))
  expect([permits(18), permits(23), permits(1), clockSkew]).toEqual([true, false, false, 300_000])
})

function errorOf(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  throw new Error('was accepted')
}
