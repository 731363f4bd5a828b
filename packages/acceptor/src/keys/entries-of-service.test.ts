import { ConfigurationError, Key, Keytab, Krb5Conf, MissingKeyError } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { etypePermissionOf } from '../options/krb5-conf-settings.js'
import { entryOf, keyOf, SPN } from '../fixtures/issued-token.js'
import { ServiceKeys } from './service-keys.js'

const none = Krb5Conf.merge([])
const everyHttp = { services: undefined, aliases: [], permits: etypePermissionOf({}, none), ignoresHost: false }
const keysOf = (keytab: Keytab, services?: readonly string[]) =>
  new ServiceKeys(keytab, { ...everyHttp, services }, 'web.keytab')

describe('the services of a keytab', () => {
  const keytab = new Keytab([
    entryOf('svc-web', 1, keyOf(1)),
    entryOf('HTTP/web.ad.test', 1, keyOf(2)),
    entryOf('http/Other.AD.test', 1, keyOf(3)),
    entryOf('HTTP/web.ad.test', 1, keyOf(4), 'OTHER.TEST'),
    entryOf('host/web.ad.test', 1, keyOf(5)),
  ])

  test('are every HTTP/… by default', () => {
    const expected = ['HTTP/web.ad.test@AD.TEST', 'http/Other.AD.test@AD.TEST', 'HTTP/web.ad.test@OTHER.TEST']
    expect(keysOf(keytab).principals).toEqual(expected)
  })

  test.each([
    ['HTTP/WEB.ad.test', ['HTTP/web.ad.test@AD.TEST', 'HTTP/web.ad.test@OTHER.TEST']],
    ['HTTP/web.ad.test@other.test', ['HTTP/web.ad.test@OTHER.TEST']],
    ['HTTP@web.ad.test', ['HTTP/web.ad.test@AD.TEST', 'HTTP/web.ad.test@OTHER.TEST']],
    ['svc-web', ['svc-web@AD.TEST']],
    ['host/web.ad.test', ['host/web.ad.test@AD.TEST']],
  ])('are those of %s when that is configured', (service, expected) => {
    expect(keysOf(keytab, [service]).principals).toEqual(expected)
  })

  test('must have a key each, or the error names file, service and what there is', () => {
    const error = (services?: readonly string[], entries = keytab.entries): Error => {
      try {
        keysOf(new Keytab(entries), services)
      } catch (thrown) {
        if (thrown instanceof Error) return thrown
      }
      throw new Error('nothing was thrown')
    }
    expect(error(['HTTP/web.ad.test', 'HTTP/api.ad.test'])).toBeInstanceOf(MissingKeyError)
    expect(error(['HTTP/web.ad.test', 'HTTP/api.ad.test']).message).toMatch(
      /^web\.keytab has no key for HTTP\/api\.ad\.test, /,
    )
    expect(error(['HTTP/api.ad.test']).message).toMatch(
      /^web\.keytab has no key for HTTP\/api\.ad\.test, it has: svc-web@AD\.TEST, /,
    )
    expect(error(undefined, []).message).toBe('web.keytab has no key for HTTP/…, it has: nothing')
    const weak = [entryOf(SPN, 1, keyOf(1, 23)), entryOf(SPN, 1, new Key(3, new Uint8Array(8)))]
    expect(error(undefined, weak).message).toBe(
      'web.keytab has keys for HTTP/… of no type that may be used, only rc4-hmac, des-cbc-md5',
    )
    expect(error([''])).toBeInstanceOf(ConfigurationError)
    expect(error(['']).message).toMatch(/^service /)
  })
})

describe('a keytab without a key that may be used', () => {
  const refusal = (message: string, hint: string) =>
    expect.objectContaining({ name: 'MissingKeyError', code: 'KRB_AP_ERR_NOKEY', message, hint })
  const ADD = "Add the service's key to the keytab, or name the principal that it has in the option service."

  test('is told with the first ten names that it has', () => {
    const many = Array.from({ length: 12 }, (_, at) => entryOf(`host/h${at}.ad.test`, 1, keyOf(at + 1)))
    const ten = many.slice(0, 10).map((_, at) => `host/h${at}.ad.test@AD.TEST`)
    expect(() => keysOf(new Keytab(many))).toThrow(
      refusal(`web.keytab has no key for HTTP/…, it has: ${ten.join(', ')}`, ADD),
    )
  })

  test('is told with the service, with its realm where it was named', () => {
    const keytab = new Keytab([entryOf(SPN, 1, keyOf(1))])
    expect(() => keysOf(keytab, ['HTTP/web.ad.test@WEST.TEST'])).toThrow(
      refusal('web.keytab has no key for HTTP/web.ad.test@WEST.TEST, it has: HTTP/web.ad.test@AD.TEST', ADD),
    )
    expect(() => keysOf(keytab, ['HTTP/api'])).toThrow(
      refusal('web.keytab has no key for HTTP/api, it has: HTTP/web.ad.test@AD.TEST', ADD),
    )
  })

  test.each([
    ['web.ad.test', "A service is written with its class: service: 'HTTP/web.ad.test'."],
    ['web.ad.test@AD.TEST', "A service is written with its class: service: 'HTTP/web.ad.test'."],
    ['svc-api', ADD],
    ['svc-api@AD.TEST', ADD],
  ])('is told with what to write instead of %s', (service, hint) => {
    const keytab = new Keytab([entryOf(SPN, 1, keyOf(1))])
    const message = `web.keytab has no key for ${service}, it has: HTTP/web.ad.test@AD.TEST`
    expect(() => keysOf(keytab, [service])).toThrow(refusal(message, hint))
  })

  test('of a good type is told with the types, each once', () => {
    const weak = [1, 2, 3].map((kvno) => entryOf(SPN, kvno, keyOf(kvno, 23)))
    const hint = 'Give the account AES keys and export the keytab again, or set allowWeakEncryption for rc4-hmac.'
    expect(() => keysOf(new Keytab([...weak, entryOf('host/web', 1, keyOf(1))]))).toThrow(
      refusal('web.keytab has keys for HTTP/… of no type that may be used, only rc4-hmac', hint),
    )
    const allowed = new ServiceKeys(
      new Keytab(weak),
      { ...everyHttp, permits: etypePermissionOf({ allowWeakEncryption: true }, none) },
      'web.keytab',
    )
    expect(allowed.all.map(({ kvno }) => kvno)).toEqual([3, 2, 1])
  })

  test('for one of two services is told, and an HTTP without a host is none', () => {
    const keytab = new Keytab([entryOf(SPN, 1, keyOf(1)), entryOf('HTTP/api', 1, keyOf(2, 23))])
    expect(() => keysOf(keytab, [SPN, 'HTTP/api'])).toThrow('keys for HTTP/api of no type')
    expect(() => keysOf(new Keytab([entryOf('HTTP', 1, keyOf(1))]))).toThrow('it has: HTTP@AD.TEST')
  })
})
