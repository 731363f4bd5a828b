import { ConfigurationError } from '@s4u/krb5'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { KdcUnreachableError } from '../errors/kdc-errors.js'
import { closeFakeKdcs, fakeKdc, UNRESOLVABLE } from '../fixtures/fake-kdc.js'
import type { DnsSource } from './dns-lookup.js'
import { type KdcLocation, transportFor, trustOf } from './kdc-location.js'
import { Krb5Configuration } from '../configuration/krb5-configuration.js'

const folder = mkdtempSync(join(tmpdir(), 's4u-kdc-source-'))
const kdc = createSocket('udp4')
let address = ''
beforeAll(async () => {
  kdc.on('message', (message, from) => kdc.send(message, from.port, from.address))
  kdc.bind(0, '127.0.0.1')
  await once(kdc, 'listening')
  address = `127.0.0.1:${kdc.address().port}`
})
afterEach(closeFakeKdcs)
afterAll(() => {
  kdc.close()
  rmSync(folder, { recursive: true })
})

const REQUEST = Uint8Array.of(0x6a, 7)
const none = new Krb5Configuration(join(folder, 'a:b'), Date.now)

function conf(text: string): Krb5Configuration {
  const path = join(folder, 'krb5.conf')
  writeFileSync(path, text)
  return new Krb5Configuration(path, Date.now)
}

const noDns: DnsSource = { resolveSrv: async () => [], resolveUri: async () => [] }
const common = { now: Date.now, timeLimit: 300, dns: noDns, configuration: none }

describe('the KDCs of a realm', () => {
  test('may be named for all realms, or for each', async () => {
    const forAll = transportFor({ ...common, kdc: address })
    expect(new Uint8Array(await forAll(REQUEST, { realm: 'ANY.TEST' }))).toEqual(REQUEST)
    const forEach = transportFor({ ...common, kdc: { 'ad.test': [address] } })
    expect(new Uint8Array(await forEach(REQUEST, { realm: 'AD.TEST' }))).toEqual(REQUEST)
    await expect(forEach(REQUEST, { realm: 'OTHER.TEST' })).rejects.toThrow('none is known')
  })

  test('may be in krb5.conf', async () => {
    const configuration = conf(`[realms]\n  AD.TEST = {\n    kdc = ${address}\n  }\n`)
    expect(new Uint8Array(await transportFor({ ...common, configuration })(REQUEST, { realm: 'AD.TEST' }))).toEqual(
      REQUEST,
    )
  })

  test('may be in DNS, which is asked once in a while', async () => {
    let now = 0
    const [name, port] = address.split(':')
    const resolveSrv = vi.fn(async (asked: string) =>
      asked.startsWith('_kerberos._udp') ? [{ name, port: Number(port), priority: 0, weight: 0 }] : [],
    )
    const transport = transportFor({ ...common, now: () => now, dns: { ...noDns, resolveSrv } })
    for (let turn = 0; turn < 3; turn++) await transport(REQUEST, { realm: 'AD.TEST' })
    expect(resolveSrv).toHaveBeenCalledTimes(2)
    now = 300_001
    await transport(REQUEST, { realm: 'AD.TEST' })
    expect(resolveSrv).toHaveBeenCalledTimes(4)
  })

  test('that DNS never tells of are missed within the limit', async () => {
    const resolveSrv = (): Promise<never> => new Promise(() => {})
    const transport = transportFor({ ...common, dns: { ...noDns, resolveSrv } })
    await expect(transport(REQUEST, { realm: 'AD.TEST' })).rejects.toThrow('no KDC of AD.TEST answered')
  })

  test('are not looked up in DNS where krb5.conf forbids it', async () => {
    const resolveSrv = vi.fn(async () => [])
    const configuration = conf('[libdefaults]\n  dns_lookup_kdc = false\n')
    const transport = transportFor({ ...common, configuration, dns: { ...noDns, resolveSrv } })
    await expect(transport(REQUEST, { realm: 'AD.TEST' })).rejects.toThrow('none is known')
    expect(resolveSrv).not.toHaveBeenCalled()
  })

  test('are not looked up in URI records where krb5.conf forbids those', async () => {
    const [name, port] = address.split(':')
    const resolveSrv = vi.fn(async () => [{ name, port: Number(port), priority: 0, weight: 0 }])
    const resolveUri = vi.fn(async () => [])
    const ask = async (line: string): Promise<number> => {
      const configuration = conf(`[libdefaults]\n  ${line}\n`)
      await transportFor({ ...common, configuration, dns: { resolveSrv, resolveUri } })(REQUEST, { realm: 'AD.TEST' })
      return resolveUri.mock.calls.length
    }
    expect([await ask('dns_uri_lookup = false'), await ask('dns_uri_lookup = true')]).toEqual([0, 1])
  })

  test('that cannot be read are refused at once', () => {
    expect(() => transportFor({ ...common, kdc: 'a b' })).toThrow(ConfigurationError)
    expect(() => transportFor({ ...common, kdc: [] })).toThrow(ConfigurationError)
    const configuration = conf('[realms]\n  A.TEST = {\n    http_anchors = FILE:/nowhere/ca.pem\n  }\n')
    expect(() => transportFor({ ...common, configuration })).toThrow('/nowhere/ca.pem')
  })
})

describe('a proxy is vouched for by', () => {
  const PEM = '-----BEGIN CERTIFICATE-----\na\n-----END CERTIFICATE-----\n'
  const anchors = join(folder, 'a.pem')
  const configuration = (): Krb5Configuration => {
    writeFileSync(anchors, PEM)
    return conf(`[realms]\n  A.TEST = {\n    http_anchors = FILE:${anchors}\n  }\n`)
  }

  test.each<[KdcLocation | undefined, string, readonly string[] | undefined]>([
    [undefined, 'A.TEST', [PEM]],
    [undefined, 'B.TEST', undefined],
    [{ 'B.TEST': 'kdc.b.test' }, 'A.TEST', [PEM]],
    [{ 'a.test': 'kdc.a.test' }, 'A.TEST', undefined],
    ['kdc.a.test', 'A.TEST', undefined],
    [async () => REQUEST, 'A.TEST', undefined],
  ])('those of krb5.conf alone, for a realm of which the option %j names no KDC: %s', (option, realm, expected) => {
    const about = { configuration: configuration(), ...(option !== undefined && { kdc: option }) }
    expect(trustOf(about)(realm)).toEqual(expected)
    expect(trustOf({ ...about, proxyTrust: 'PEM' })(realm)).toBe('PEM')
  })
})

/** The test runner's own limit is what fails where one of ours does not hold. */
describe('the time limit holds where', () => {
  const silent = (port: number, protocol = ''): string => `${protocol}127.0.0.1:${port}`
  const forms: readonly (readonly [string, (port: number) => KdcLocation])[] = [
    ['an address', (port) => silent(port)],
    ['a list', (port) => [silent(port), silent(port, 'tcp/')]],
    ['a realm of several', (port) => ({ 'AD.TEST': silent(port) })],
    ['UDP alone', (port) => silent(port, 'udp/')],
    ['TCP alone', (port) => silent(port, 'tcp/')],
    ['a proxy that never says a word', (port) => `https://127.0.0.1:${port}/KdcProxy`],
    ['a name that nobody knows', () => UNRESOLVABLE],
    ['a function of one’s own', () => () => new Promise(() => {})],
  ]

  test.each(forms)('the option is %s', async (_name, optionOf) => {
    const kdc = optionOf((await fakeKdc({ tcp: () => {} })).port)
    const error = await transportFor({ ...common, kdc })(REQUEST, { realm: 'AD.TEST' }).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(KdcUnreachableError)
    expect(error).toMatchObject({ code: 'KRB5_KDC_UNREACH', realm: 'AD.TEST' })
  })

  test.each(['resolveSrv', 'resolveUri'] as const)(
    'DNS never answers (%s), nor heeds that nobody waits',
    async (name) => {
      const dns = { ...noDns, [name]: () => new Promise(() => {}) }
      await expect(transportFor({ ...common, dns })(REQUEST, { realm: 'AD.TEST' })).rejects.toThrow(KdcUnreachableError)
    },
  )

  test('krb5.conf names one that is silent', async () => {
    const { port } = await fakeKdc({ tcp: () => {} })
    const configuration = conf(`[realms]\n  AD.TEST = {\n    kdc = 127.0.0.1:${port}\n  }\n`)
    await expect(transportFor({ ...common, configuration })(REQUEST, { realm: 'AD.TEST' })).rejects.toThrow('no answer')
  })
})

describe('a function that carries requests', () => {
  const ask = (kdc: KdcLocation, signal?: AbortSignal, timeLimit = 20) =>
    transportFor({ ...common, timeLimit, kdc })(REQUEST, { realm: 'AD.TEST', ...(signal && { signal }) })

  test('is told what the request is about, and its answer is taken as it is', async () => {
    const kdc = vi.fn(async (request: Uint8Array) => request)
    expect(await ask(kdc)).toBe(REQUEST)
    expect(kdc).toHaveBeenCalledWith(REQUEST, { realm: 'AD.TEST', signal: expect.any(AbortSignal) })
  })

  test('is told when the time is over, and the error says so', async () => {
    let heard: AbortSignal | undefined
    const error = await ask((_request, { signal }) => {
      heard = signal
      return new Promise(() => {})
    }).catch((e: unknown) => e)
    expect(error).toMatchObject({
      message: 'no KDC of AD.TEST answered (the kdc function: no answer within 20 ms)',
      hint: expect.stringContaining('the function in the kdc option'),
    })
    expect(heard?.aborted).toBe(true)
  })

  test('is told when the caller goes, who hears his own reason', async () => {
    const caller = new AbortController()
    let heard: AbortSignal | undefined
    const asked = ask(
      (_request, { signal }) => {
        heard = signal
        return new Promise(() => {})
      },
      caller.signal,
      60_000,
    )
    caller.abort(new Error('gone'))
    await expect(asked).rejects.toThrow('gone')
    expect(heard?.aborted).toBe(true)
  })

  test('may answer or fail too late: nobody hears of it', async () => {
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    const settle: (() => void)[] = []
    const late = () =>
      new Promise<Uint8Array>((resolve, reject) =>
        settle.push(settle.length === 0 ? () => resolve(REQUEST) : () => reject(new Error('late'))),
      )
    for (let turn = 0; turn < 2; turn++) await expect(ask(late)).rejects.toThrow(KdcUnreachableError)
    for (const each of settle) each()
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })

  test('fails with its own error, be it a time limit of its own', async () => {
    await expect(ask(() => Promise.reject(new Error('no route')), undefined, 60_000)).rejects.toThrow('no route')
    const own = new DOMException('own limit', 'TimeoutError')
    await expect(ask(() => Promise.reject(own), undefined, 60_000)).rejects.toBe(own)
    const thrown: KdcLocation = () => {
      throw new TypeError('at once')
    }
    await expect(ask(thrown, undefined, 60_000)).rejects.toThrow('at once')
  })

  test('that brings no octets is told what it is to bring', async () => {
    const text = JSON.parse('"secret text"')
    const error = await ask(async () => text, undefined, 60_000).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(ConfigurationError)
    expect(String(error)).toContain('resolved to string, not to the octets')
    expect(String(error)).not.toContain('secret text')
  })
})
