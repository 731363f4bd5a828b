import { DEFAULT_ETYPES } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { configuredExchanges } from './exchange-settings.js'
import { libdefaults as conf, refusedSetting as refused } from '../fixtures/libdefaults.js'

const USUAL = {
  signInEtypes: DEFAULT_ETYPES,
  etypes: DEFAULT_ETYPES,
  canonicalize: undefined,
  forwardable: true,
  lifetime: undefined,
  renewableFor: undefined,
  clockSkew: undefined,
}

describe('what KDCs are asked for', () => {
  test('is the same without a krb5.conf as with one that says nothing', () => {
    expect(configuredExchanges({}, undefined)).toEqual(USUAL)
    expect(configuredExchanges({}, conf('default_realm = AD.TEST'))).toEqual(USUAL)
  })

  test.each([
    [['permitted_enctypes = aes128-cts'], { signInEtypes: [17], etypes: [17] }],
    [['permitted_enctypes = aes128-cts', 'default_tkt_enctypes = aes256-cts'], { signInEtypes: [18], etypes: [17] }],
    [['default_tgs_enctypes = aes256-sha2'], { signInEtypes: DEFAULT_ETYPES, etypes: [20] }],
    [['forwardable = false'], { forwardable: false }],
    [['forwardable = true'], { forwardable: true }],
    [['canonicalize = true'], { canonicalize: true }],
    [['ticket_lifetime = 10h', 'renew_lifetime = 7d'], { lifetime: 36_000_000, renewableFor: 604_800_000 }],
    [['ticket_lifetime = 0', 'renew_lifetime = 0'], {}],
    [['clockskew = 60'], { clockSkew: 60_000 }],
    [['clockskew = 2m'], { clockSkew: 120_000 }],
  ])('is what it says: %j', (lines, said) => {
    expect(configuredExchanges({}, conf(...lines))).toEqual({ ...USUAL, ...said })
  })

  test('is what options say first', () => {
    const options = {
      encryptionTypes: [18],
      canonicalize: false,
      forwardable: true,
      lifetime: 60_000,
      renewableFor: 90_000,
    }
    const file = conf(
      'permitted_enctypes = aes128-cts',
      'canonicalize = true',
      'forwardable = false',
      'ticket_lifetime = 1d',
      'renew_lifetime = 1d',
    )
    expect(configuredExchanges(options, file)).toEqual({
      ...USUAL,
      signInEtypes: [18],
      etypes: [18],
      canonicalize: false,
      lifetime: 60_000,
      renewableFor: 90_000,
    })
  })

  test.each([
    ['forwardable = maybe', 'line 2: expected yes or no, found "maybe"'],
    ['ticket_lifetime = -1h', 'ticket_lifetime: -3600 seconds are not from 0 to 315360000'],
    ['renew_lifetime = 20000d', 'renew_lifetime: 1728000000 seconds are not from 0 to 315360000'],
    ['clockskew = soon', 'line 2: expected a duration'],
    ['clockskew = 2h', 'clockskew: 7200 seconds are not from 0 to 3600'],
    ['clockskew = -5', 'clockskew: -5 seconds are not from 0 to 3600'],
    ['permitted_enctypes = des-cbc-crc', 'line 2: no encryption type of the list can be used'],
    ['default_tkt_enctypes = rc4-hmac', 'line 2: no encryption type of the list can be used'],
  ])('is not guessed from %s', (line, message) => {
    const error = refused(() => configuredExchanges({}, conf(line)))
    expect(error.code).toBe('KRB5_CONFIG_BADFORMAT')
    expect(error.message).toContain(message)
  })

  test('is never rc4-hmac, unless krb5.conf allows it, as its hint says', () => {
    const { hint } = refused(() => configuredExchanges({}, conf('permitted_enctypes = rc4-hmac')))
    expect(hint).toContain('rc4-hmac counts where allow_rc4 = true stands beside it')
    const both = conf('permitted_enctypes = aes256-cts rc4-hmac')
    expect(configuredExchanges({}, both).etypes).toEqual([18])
    expect(configuredExchanges({}, conf('permitted_enctypes = rc4-hmac', 'allow_rc4 = true')).etypes).toEqual([23])
  })
})
