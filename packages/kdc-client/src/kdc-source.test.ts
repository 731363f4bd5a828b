import { ConfigurationError } from '@s4u/krb5'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { DnsSource } from './kdc-lookup.js'
import { transportFor } from './kdc-source.js'
import { Krb5Configuration } from './krb5-configuration.js'

const folder = mkdtempSync(join(tmpdir(), 's4u-kdc-source-'))
const kdc = createSocket('udp4')
let address = ''
beforeAll(async () => {
  kdc.on('message', (message, from) => kdc.send(message, from.port, from.address))
  kdc.bind(0, '127.0.0.1')
  await once(kdc, 'listening')
  address = `127.0.0.1:${kdc.address().port}`
})
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
    const began = Date.now()
    const transport = transportFor({ ...common, dns: { ...noDns, resolveSrv } })
    await expect(transport(REQUEST, { realm: 'AD.TEST' })).rejects.toThrow('no KDC of AD.TEST answered')
    expect(Date.now() - began).toBeLessThan(2_000)
  })

  test('are not looked up in DNS where krb5.conf forbids it', async () => {
    const resolveSrv = vi.fn(async () => [])
    const configuration = conf('[libdefaults]\n  dns_lookup_kdc = false\n')
    const transport = transportFor({ ...common, configuration, dns: { ...noDns, resolveSrv } })
    await expect(transport(REQUEST, { realm: 'AD.TEST' })).rejects.toThrow('none is known')
    expect(resolveSrv).not.toHaveBeenCalled()
  })

  test('that cannot be read are refused at once', () => {
    expect(() => transportFor({ ...common, kdc: 'a b' })).toThrow(ConfigurationError)
    expect(() => transportFor({ ...common, kdc: [] })).toThrow(ConfigurationError)
    const configuration = conf('[realms]\n  A.TEST = {\n    http_anchors = FILE:/nowhere/ca.pem\n  }\n')
    expect(() => transportFor({ ...common, configuration })).toThrow('/nowhere/ca.pem')
  })
})
