import { afterEach, describe, expect, test } from 'vitest'
import { configuredNetwork } from './network-settings.js'
import { closeFakeKdcs, fakeKdc, framed, REALM, REPLY, REQUEST } from '../fixtures/fake-kdc.js'
import { libdefaults as conf, refusedSetting as refused } from '../fixtures/libdefaults.js'
import { networkTransport } from '../network/transport.js'

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
