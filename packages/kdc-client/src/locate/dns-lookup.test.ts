import { describe, expect, test } from 'vitest'
import { type DnsSource, inOrder, lookUpKdcs, type SrvRecord } from './dns-lookup.js'

const srv = (name: string, priority = 0, weight = 0, port = 88): SrvRecord => ({ name, port, priority, weight })

function dnsOf(records: Record<string, readonly SrvRecord[]>, uris: Record<string, string[]> = {}): DnsSource {
  return {
    async resolveSrv(name) {
      const found = records[name]
      if (found === undefined) throw failing('ENOTFOUND')
      return found
    },
    resolveUri: async (name) => (uris[name] ?? []).map((target, priority) => ({ priority, weight: 0, target })),
  }
}

/** As Node's resolver fails. */
const failing = (code: string): Error => Object.assign(new Error(`querySrv ${code}`), { code })

describe('KDCs from DNS', () => {
  test('one that is in both records is asked by UDP first, then by TCP', async () => {
    const source = dnsOf({ '_kerberos._udp.AD.TEST': [srv('dc1')], '_kerberos._tcp.AD.TEST': [srv('dc1')] })
    expect(await lookUpKdcs('AD.TEST', { source })).toEqual([{ host: 'dc1', port: 88 }])
  })

  test('one that is in one record only is asked by that protocol only', async () => {
    const source = dnsOf({ '_kerberos._udp.AD.TEST': [srv('u')], '_kerberos._tcp.AD.TEST': [srv('t')] })
    expect(await lookUpKdcs('AD.TEST', { source })).toEqual([
      { host: 'u', port: 88, protocol: 'udp' },
      { host: 't', port: 88, protocol: 'tcp' },
    ])
  })

  test('a realm without records has none, and a target of "." says that there is none', async () => {
    expect(await lookUpKdcs('AD.TEST', { source: dnsOf({}) })).toEqual([])
    expect(await lookUpKdcs('AD.TEST', { source: dnsOf({ '_kerberos._udp.AD.TEST': [srv('.')] }) })).toEqual([])
  })

  test.each(['ESERVFAIL', 'ETIMEOUT'])(
    'a name server that fails (%s) has not said that there are none',
    async (code) => {
      const fail = async (): Promise<never> => Promise.reject(failing(code))
      const source = { resolveSrv: fail, resolveUri: async () => [] }
      await expect(lookUpKdcs('AD.TEST', { source })).rejects.toMatchObject({ code })
      const half = { ...source, resolveSrv: async (name: string) => (name.includes('_tcp') ? [srv('dc1')] : fail()) }
      expect(await lookUpKdcs('AD.TEST', { source: half })).toEqual([{ host: 'dc1', port: 88, protocol: 'tcp' }])
    },
  )

  test('URI records go before SRV records, in their order; what cannot be read is passed over', async () => {
    const uris = {
      '_kerberos.AD.TEST': [
        'krb5srv:m:udp:kdc1.ad.test:1088',
        'krb5srv::kkdcp:https://proxy.ad.test/KdcProxy',
        'krb5srv::kkdcp:http://plain.ad.test/',
        'krb5srv:m:tcp:kdc2.ad.test',
        'mailto:admin@ad.test',
      ],
    }
    const source = dnsOf({ '_kerberos._udp.AD.TEST': [srv('dc1')] }, uris)
    expect(await lookUpKdcs('AD.TEST', { source })).toEqual([
      { host: 'kdc1.ad.test', port: 1088, protocol: 'udp' },
      { host: 'proxy.ad.test', port: 443, protocol: 'https', path: '/KdcProxy' },
      { host: 'kdc2.ad.test', port: 88, protocol: 'tcp' },
    ])
  })
})

test.each([
  '',
  'a b',
  'evil.example/x',
  'a@b',
  'a..b',
  '-a',
  'C=US',
  'é.test',
  `${'x'.repeat(64)}.test`,
  `${'a.'.repeat(130)}test`,
  'a\0.test',
])('a realm that is no domain (%j) is not looked up', async (realm) => {
  const source = { resolveSrv: () => expect.unreachable(), resolveUri: () => expect.unreachable() }
  expect(await lookUpKdcs(realm, { source })).toEqual([])
})

test('the question ends when whoever asks gives up', async () => {
  const asked = new AbortController()
  const heard: (AbortSignal | undefined)[] = []
  const gone = (signal: AbortSignal | undefined): Promise<never> => {
    heard.push(signal)
    return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
  }
  const source: DnsSource = {
    resolveSrv: (_name, signal) => gone(signal),
    resolveUri: (_name, signal) => gone(signal),
  }
  const looking = lookUpKdcs('AD.TEST', { source, signal: asked.signal })
  asked.abort(new Error('gone'))
  await expect(looking).rejects.toThrow('gone')
  expect(heard).toEqual([asked.signal, asked.signal, asked.signal])
})

describe('the order of records', () => {
  test('lowest priority first, whatever the weight', () => {
    const records = [srv('late', 10, 100), srv('early', 1, 0)]
    expect(inOrder(records, () => 0).map(({ name }) => name)).toEqual(['early', 'late'])
  })

  test('within a priority, each comes first as often as its weight says', () => {
    // Each hundredth is drawn once, so that the count is what the weights say and no matter of
    // luck.
    const draws = Array.from({ length: 100 }, (_, draw) => (draw + 0.5) / 100)
    const first = draws.map((draw) => inOrder([srv('light', 0, 10), srv('heavy', 0, 90)], () => draw)[0].name)
    expect(first.filter((name) => name === 'light').length).toBe(10)
    expect(first.filter((name) => name === 'heavy').length).toBe(90)
  })

  test('loses nobody', () => {
    const records = Array.from({ length: 9 }, (_, index) => srv(`kdc${index}`, index % 3, index))
    expect(
      inOrder(records, Math.random)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(records.map(({ name }) => name).sort())
  })
})
