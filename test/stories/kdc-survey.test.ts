import { createTestRealm, type TestRealm } from '@s4u/test-kdc'
import { createServer } from 'node:net'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { surveyKdcs } from '@s4u/kdc-client'

let realm: TestRealm
let listening: { readonly host: string; readonly port: number }

beforeAll(async () => {
  realm = await createTestRealm({ realm: 'AD.TEST', users: {}, services: {} })
  listening = await realm.listen({ host: '127.0.0.1' })
})
afterAll(() => realm[Symbol.asyncDispose]())

describe('every KDC of a realm', () => {
  test('is asked by UDP and by TCP, and tells its clock', async () => {
    const kdc = `127.0.0.1:${listening.port}`
    const { source, servers } = await surveyKdcs('AD.TEST', { kdc, now: () => realm.now + 90_000 })
    expect(source).toBe('option')
    expect(servers).toHaveLength(1)
    expect(servers[0].server).toBe(kdc)
    for (const probe of [servers[0].udp, servers[0].tcp]) {
      expect(probe.answered).toBe(true)
      if (!probe.answered) continue
      expect(Math.abs((probe.clockOffset ?? 0) + 90_000)).toBeLessThan(2_000)
      expect(probe.took).toBeGreaterThan(0)
    }
  })

  test('is one for each address of its name', async () => {
    const dns = {
      resolveSrv: async () => [],
      resolveUri: async () => [],
      lookup: async () => ['127.0.0.1', '127.0.0.9'],
    }
    const { servers } = await surveyKdcs('AD.TEST', { kdc: `kdc.ad.test:${listening.port}`, dns })
    expect(servers.map(({ server, tcp }) => [server, tcp.answered])).toEqual([
      [`kdc.ad.test:${listening.port} (127.0.0.1)`, true],
      [`kdc.ad.test:${listening.port} (127.0.0.9)`, false],
    ])
  })

  test('that refuses connections is told with the reason', async () => {
    const { servers } = await surveyKdcs('AD.TEST', { kdc: '127.0.0.9:9' })
    expect(servers).toEqual([
      {
        server: '127.0.0.9:9',
        udp: { answered: false, reason: expect.stringContaining('ECONNREFUSED') },
        tcp: { answered: false, reason: expect.stringContaining('ECONNREFUSED') },
      },
    ])
  })

  test('that accepts a connection and says nothing is given up in time', async () => {
    const silent = createServer((socket) => socket.on('error', () => {}))
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const address = silent.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const { servers } = await surveyKdcs('AD.TEST', { kdc: `127.0.0.1:${port}`, timeLimit: 200 })
    expect(servers[0].tcp).toEqual({ answered: false, reason: 'no answer within 200 ms' })
    silent.close()
  })

  test('whose name has no address is told with what the resolver said', async () => {
    const lookup = async () => Promise.reject(Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }))
    const dns = { resolveSrv: async () => [], resolveUri: async () => [], lookup }
    const { servers } = await surveyKdcs('AD.TEST', { kdc: 'gone.ad.test', dns })
    expect(servers[0]).toMatchObject({ server: 'gone.ad.test:88', udp: { answered: false, reason: 'ENOTFOUND' } })
  })

  test('is the function that the app gave', async () => {
    const { servers } = await surveyKdcs('AD.TEST', { kdc: realm.transport })
    expect(servers).toMatchObject([{ server: 'the function in kdc', udp: { answered: true }, tcp: { answered: true } }])
  })
})

describe('the KDCs are found', () => {
  const folder = mkdtempSync(join(tmpdir(), 's4u-survey-'))

  test('in krb5.conf', async () => {
    const krb5Config = join(folder, 'krb5.conf')
    writeFileSync(krb5Config, `[realms]\nAD.TEST = {\n  kdc = 127.0.0.1:${listening.port}\n}\n`)
    const { source, servers } = await surveyKdcs('AD.TEST', { krb5Config })
    expect([source, servers[0].tcp.answered]).toEqual(['krb5.conf', true])
  })

  test('in DNS, and none is an empty list', async () => {
    const krb5Config = join(folder, 'empty.conf')
    writeFileSync(krb5Config, '[libdefaults]\n')
    const record = { name: '127.0.0.1', port: listening.port, priority: 0, weight: 0 }
    const dns = { resolveSrv: async () => [record], resolveUri: async () => [] }
    expect(await surveyKdcs('AD.TEST', { krb5Config, dns })).toMatchObject({
      source: 'DNS',
      servers: [{ server: `127.0.0.1:${listening.port}` }],
    })
    const none = { resolveSrv: async () => [], resolveUri: async () => [] }
    expect(await surveyKdcs('AD.TEST', { krb5Config, dns: none })).toEqual({ source: 'DNS', servers: [] })
  })
})

test('a signal ends the survey with its reason', async () => {
  const reason = new Error('enough')
  await expect(surveyKdcs('AD.TEST', { kdc: '127.0.0.9:9', signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
})
