import { ConfigurationError, KRB_ERROR_CODES } from '@s4u/krb5'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createKdcClient } from '../client/create-kdc-client.js'
import { closeFakeKdcs, errorOf, fakeKdc, framed } from '../fixtures/fake-kdc.js'
import { createKdcConnections } from './kdc-connections.js'

afterEach(closeFakeKdcs)

const NO = KRB_ERROR_CODES.KDC_ERR_C_PRINCIPAL_UNKNOWN
const of = (user: string, realm = '@AD.TEST') => ({ principal: `${user}${realm}`, password: 'x' })
const refused = (client: { ticketFor(spn: string): Promise<unknown> }): Promise<unknown> =>
  client.ticketFor('HTTP/web.ad.test').catch((error: unknown) => Object(error).code)

/** Refuses everybody, on a connection that it keeps. */
const refusing = () => fakeKdc({ tcp: (socket) => socket.write(framed(errorOf(NO))) })

describe('the way to the KDCs', () => {
  test('is one for all clients that it is given to', async () => {
    const kdc = await refusing()
    using connections = createKdcConnections({ kdc: `127.0.0.1:${kdc.port}` })
    for (const user of ['alice', 'bob', 'carol'])
      expect(await refused(createKdcClient({ connections, credentials: of(user) }))).toBe('KDC_ERR_C_PRINCIPAL_UNKNOWN')
    expect(kdc.connections.size).toBe(1)
  })

  test('is a client’s own where none is given', async () => {
    const kdc = await refusing()
    for (const user of ['alice', 'bob'])
      await refused(createKdcClient({ kdc: `127.0.0.1:${kdc.port}`, credentials: of(user) }))
    expect(kdc.connections.size).toBe(2)
  })

  test('is closed with `using`, and opened again by whoever asks later', async () => {
    const kdc = await refusing()
    const connections = createKdcConnections({ kdc: `127.0.0.1:${kdc.port}` })
    await refused(createKdcClient({ connections, credentials: of('alice') }))
    const [first] = kdc.connections
    expect(first.destroyed).toBe(false)
    connections[Symbol.dispose]()
    await expect.poll(() => first.destroyed).toBe(true)
    await refused(createKdcClient({ connections, credentials: of('bob') }))
    expect(kdc.connections.size).toBe(2)
  })

  test('is told whose request it is, for a function of one’s own to be fair too', async () => {
    const kdc = vi.fn(async () => errorOf(NO))
    const connections = createKdcConnections({ kdc })
    await refused(createKdcClient({ connections, credentials: of('alice') }))
    const place = { kind: 'password', user: 'alice@AD.TEST' }
    expect(kdc).toHaveBeenCalledWith(expect.anything(), expect.objectContaining({ place, prefersTcp: true }))
  })

  test('brings its krb5.conf along', async () => {
    const kdc = await refusing()
    const folder = mkdtempSync(join(tmpdir(), 's4u-connections-'))
    const krb5Config = join(folder, 'krb5.conf')
    writeFileSync(
      krb5Config,
      `[libdefaults]\n  default_realm = AD.TEST\n[realms]\n  AD.TEST = {\n    kdc = 127.0.0.1:${kdc.port}\n  }\n`,
    )
    const connections = createKdcConnections({ krb5Config })
    const client = createKdcClient({ connections, credentials: of('alice', '') })
    expect(client.realm).toBe('AD.TEST')
    expect(await refused(client)).toBe('KDC_ERR_C_PRINCIPAL_UNKNOWN')
    rmSync(folder, { recursive: true })
  })
})

describe('options that contradict it are refused', () => {
  test.each([
    ['kdc', { kdc: 'kdc1.ad.test' }],
    ['krb5Config', { krb5Config: '/etc/krb5.conf' }],
    ['timeLimit', { timeLimit: 1_000 }],
    ['proxyTrust', { proxyTrust: 'PEM' }],
  ])('%s', (name, options) => {
    const connections = createKdcConnections({ kdc: '127.0.0.1' })
    const make = () => createKdcClient({ connections, credentials: of('alice'), ...options })
    expect(make).toThrow(ConfigurationError)
    expect(make).toThrow(`${name}: said beside connections`)
  })

  test('names that it does not have', () => {
    const options = { kdcs: '127.0.0.1', timeLimit: 1_000 }
    expect(() => createKdcConnections(options)).toThrow(/kdcs/)
  })

  test('something else in its place', () => {
    const connections = { close: () => {}, [Symbol.dispose]: () => {} }
    expect(() => createKdcClient({ connections, credentials: of('alice') })).toThrow(
      /not what createKdcConnections returns/,
    )
    expect(() => createKdcConnections({ kdc: 'a b' })).toThrow(ConfigurationError)
  })
})
