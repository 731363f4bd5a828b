import { Keytab } from '@s4u/krb5'
import { expect, test } from 'vitest'
import { requireCredentials } from './credential-check.js'

const ALICE = 'alice@AD.TEST'

test.each<[string, object]>([
  ['a keytab', { keytab: 'web.keytab' }],
  ['its octets', { keytab: new Uint8Array(2) }],
  ['a Keytab', { keytab: new Keytab([]) }],
  ['a password', { principal: ALICE, password: 'wonderland' }],
  ['a one-time password', { principal: ALICE, otp: '123456' }],
  ['a one-time password that is asked for', { principal: ALICE, otp: () => '123456' }],
  ['a one-time password and a PIN', { principal: ALICE, otp: '123456', password: '4711' }],
  ['the cache of this user', { ccache: true }],
  ['a named cache', { ccache: 'FILE:/tmp/krb5cc_0' }],
])('%s is enough', (_what, credentials) => {
  expect(requireCredentials(credentials)).toBeUndefined()
})

test.each<[string, object, string]>([
  ['nothing', {}, 'credentials say neither keytab, password, ccache nor tgt'],
  ['a name alone', { principal: ALICE }, 'credentials say neither keytab, password, ccache nor tgt'],
  ['a password of nobody', { password: 'wonderland' }, 'credentials have a password, and no principal'],
  ['a one-time password of nobody', { otp: '123456' }, 'credentials have a one-time password, and no principal'],
])('%s is not, and nothing secret is shown', (_what, credentials, message) => {
  expect(() => requireCredentials(credentials)).toThrow(
    expect.objectContaining({ name: 'ConfigurationError', message, hint: expect.stringContaining('Say who asks') }),
  )
})

test.each<[string, object]>([
  ['a PIN', { principal: ALICE, otp: '123456', password: 4711 }],
  ['a password', { principal: ALICE, password: 4711 }],
])('%s that is no text is refused, and not shown', (_what, credentials) => {
  expect(() => requireCredentials(credentials)).toThrow(/^credentials\.password(?!.*4711)/)
})
