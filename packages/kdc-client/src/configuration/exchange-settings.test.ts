import { ConfigurationError, DEFAULT_ETYPES, parseKrb5Conf } from '@s4u/krb5'
import { afterEach, describe, expect, test } from 'vitest'
import { configuredExchanges, configuredNetwork } from './exchange-settings.js'
import { closeFakeKdcs, fakeKdc, framed, REALM, REPLY, REQUEST } from '../fixtures/fake-kdc.js'
import { networkTransport } from '../network/transport.js'

const conf = (...lines: readonly string[]) =>
  parseKrb5Conf(`[libdefaults]\n${lines.join('\n')}\n`, { source: '/etc/krb5.conf' })

const refused = (run: () => unknown): ConfigurationError => {
  try {
    run()
  } catch (error) {
    if (error instanceof ConfigurationError) return error
    throw error
  }
  throw new Error('was accepted')
}

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

describe('how KDCs are asked', () => {
  afterEach(closeFakeKdcs)

  test.each([
    [[], {}],
    [['udp_preference_limit = 1'], { udpPreferenceLimit: 1 }],
    [['udp_preference_limit = 0'], { udpPreferenceLimit: 0 }],
    [['udp_preference_limit = -1'], {}],
    [['kdc_timeout = 3'], { firstWait: 3_000 }],
    [['kdc_timeout = 2s'], { firstWait: 2_000 }],
    [['kdc_timeout = 5000'], { firstWait: 5_000 }],
    [['kdc_timeout = 999'], { firstWait: 999_000 }],
    [['max_retries = 2'], { rounds: 2 }],
    [['max_retries = 0'], {}],
    [['request_timeout = 4s'], { timeLimit: 4_000 }],
    [['request_timeout = 0'], {}],
  ])('is what krb5.conf says: %j', (lines, settings) => {
    expect(configuredNetwork(conf(...lines))).toEqual(settings)
  })

  test.each(['kdc_timeout = -3', 'kdc_timeout = 0', 'request_timeout = -1m', 'max_retries = many'])(
    'is not guessed from %s',
    (line) => {
      expect(refused(() => configuredNetwork(conf(line))).code).toBe('KRB5_CONFIG_BADFORMAT')
    },
  )

  const ask = async (line: string, request = REQUEST) => {
    const kdc = await fakeKdc({ udp: () => REPLY, tcp: (socket) => socket.write(framed(REPLY)) })
    const settings = () => configuredNetwork(conf(line))
    await networkTransport({ locate: async () => [{ host: '127.0.0.1', port: kdc.port }], settings })(request, REALM)
    return kdc.heard
  }

  test('by TCP first, where requests are larger than udp_preference_limit', async () => {
    expect(await ask('udp_preference_limit = 1')).toEqual(['tcp'])
    expect(await ask('udp_preference_limit = 4')).toEqual(['udp'])
    expect(await ask('udp_preference_limit = 3')).toEqual(['tcp'])
    expect(await ask('udp_preference_limit = 2000', new Uint8Array(1_900))).toEqual(['udp'])
  })

  test('as long as kdc_timeout says before the next one, and no longer than request_timeout', async () => {
    const silent = await fakeKdc({ tcp: () => {} })
    const good = await fakeKdc({ udp: () => REPLY })
    const locate = async () => [silent, good].map(({ port }) => ({ host: '127.0.0.1', port, protocol: 'udp' as const }))
    const settings = () => ({ ...configuredNetwork(conf('request_timeout = 3s')), firstWait: 50 })
    const began = performance.now()
    expect(new Uint8Array(await networkTransport({ locate, settings })(REQUEST, REALM))).toEqual(REPLY)
    expect(performance.now() - began).toBeLessThan(900)
    const alone = async () => [{ host: '127.0.0.1', port: silent.port }]
    const short = { locate: alone, settings: () => ({ timeLimit: 100 }) }
    await expect(networkTransport(short)(REQUEST, REALM)).rejects.toThrow('no KDC of AD.TEST answered')
    expect(performance.now() - began).toBeLessThan(2_000)
  })

  test('as long as the option says, whatever krb5.conf does', async () => {
    const silent = await fakeKdc({ tcp: () => {} })
    const locate = async () => [{ host: '127.0.0.1', port: silent.port }]
    const began = performance.now()
    const transport = networkTransport({ locate, timeLimit: 100, settings: () => ({ timeLimit: 60_000 }) })
    await expect(transport(REQUEST, REALM)).rejects.toThrow('no answer')
    expect(performance.now() - began).toBeLessThan(5_000)
  })
})
