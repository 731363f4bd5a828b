import { KRB_ERROR_CODES } from '@s4u/krb5'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { KdcUnreachableError } from '../errors/kdc-errors.js'
import { closeFakeKdcs, errorOf, fakeKdc, framed, REALM, REPLY, REQUEST, UNRESOLVABLE } from '../fixtures/fake-kdc.js'
import { networkTransport } from './transport.js'

/** The port of `discard`, which nothing here listens on. */
const NOBODY_LISTENS = 9

const NAME = 'kdc.ad.test'

/** A name that stands for these addresses. */
const named = (port: number, addresses: readonly string[], protocol?: 'udp' | 'tcp') => ({
  locate: async () => [{ host: NAME, port, ...(protocol && { protocol }) }],
  lookup: vi.fn(async (_name: string): Promise<readonly string[]> => addresses),
})

const failed = async (asked: Promise<Uint8Array>): Promise<KdcUnreachableError> => {
  const error: unknown = await asked.catch((reason: unknown) => reason)
  if (error instanceof KdcUnreachableError) return error
  throw error
}

describe('each address of a name is a KDC of its own', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
  afterEach(() => {
    vi.useRealTimers()
    closeFakeKdcs()
  })

  test('so that the second answers when the first hangs, after a second by each protocol, and is asked first then', async () => {
    let count = 0
    const good = await fakeKdc({ udp: () => Uint8Array.of(0x6b, count++) })
    const silent = await fakeKdc({ tcp: () => {} }, { host: '127.0.0.2', port: good.port })
    const transport = networkTransport(named(good.port, ['127.0.0.2', '127.0.0.1']))
    const answered = vi.fn()
    void transport(REQUEST, REALM).then(answered)
    await expect.poll(() => silent.heard.length).toBe(1)
    await vi.advanceTimersByTimeAsync(1_000)
    await expect.poll(() => silent.heard.length).toBe(2)
    expect(good.heard).toEqual([])
    await vi.advanceTimersByTimeAsync(1_000)
    await expect.poll(() => answered.mock.calls.length).toBe(1)
    expect([silent.heard, good.heard]).toEqual([['udp', 'tcp'], ['udp']])
    expect(new Uint8Array(await transport(REQUEST, REALM))).toEqual(Uint8Array.of(0x6b, 1))
    expect([silent.heard, good.heard]).toEqual([
      ['udp', 'tcp'],
      ['udp', 'udp'],
    ])
  })

  test('and one that hangs is asked after those of other names that do not', async () => {
    const good = await fakeKdc({ udp: () => REPLY })
    const silent = await fakeKdc({ tcp: () => {} }, { host: '127.0.0.2', port: good.port })
    const { port } = good
    const lookup = async (name: string) => (name === NAME ? ['127.0.0.2'] : ['127.0.0.1'])
    const locate = async () => [
      { host: NAME, port },
      { host: 'other.ad.test', port },
    ]
    const transport = networkTransport({ locate, lookup })
    const asked = transport(REQUEST, REALM)
    await expect.poll(() => silent.heard.length).toBe(1)
    await vi.advanceTimersByTimeAsync(1_000)
    await expect.poll(() => silent.heard.length).toBe(2)
    await vi.advanceTimersByTimeAsync(1_000)
    await asked
    const heard = silent.heard.length
    await transport(REQUEST, REALM)
    expect(silent.heard.length).toBe(heard)
  })

  test('that several names lead to is asked once in a round', async () => {
    const silent = await fakeKdc({ tcp: () => {} })
    const { port } = silent
    const locate = async () => [
      { host: 'a.ad.test', port, protocol: 'udp' as const },
      { host: 'b.ad.test', port, protocol: 'udp' as const },
    ]
    const transport = networkTransport({ locate, lookup: async () => ['127.0.0.1'], timeLimit: 1_200 })
    const asked = failed(transport(REQUEST, REALM))
    await expect.poll(() => silent.heard.length).toBe(1)
    await vi.advanceTimersByTimeAsync(1_200)
    await asked
    expect(silent.heard).toEqual(['udp'])
  })

  test('and a name that takes long to resolve holds up no other', async () => {
    const good = await fakeKdc({ udp: () => REPLY })
    const locate = async () => [
      { host: NAME, port: good.port },
      { host: '127.0.0.1', port: good.port },
    ]
    const transport = networkTransport({ locate, lookup: () => new Promise(() => {}) })
    const asked = transport(REQUEST, REALM)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(new Uint8Array(await asked)).toEqual(REPLY)
  })

  test('and a name that resolves late is asked in the next round', async () => {
    const good = await fakeKdc({ udp: () => REPLY })
    let tell = (_addresses: readonly string[]): void => {}
    const lookup = () => new Promise<readonly string[]>((resolve) => (tell = resolve))
    const transport = networkTransport({ locate: named(good.port, []).locate, lookup })
    const asked = transport(REQUEST, REALM)
    await vi.advanceTimersByTimeAsync(1_100)
    tell(['127.0.0.1'])
    await vi.advanceTimersByTimeAsync(200)
    expect(new Uint8Array(await asked)).toEqual(REPLY)
  })
})

describe('a name', () => {
  afterEach(closeFakeKdcs)

  test.each([['udp'], ['tcp']] as const)('that has addresses of IPv6 alone is asked by %s', async (protocol) => {
    const kdc = await fakeKdc({ udp: () => REPLY, tcp: (socket) => socket.write(framed(REPLY)) }, { host: '::1' })
    const transport = networkTransport(named(kdc.port, ['::1'], protocol))
    expect(new Uint8Array(await transport(REQUEST, REALM))).toEqual(REPLY)
    expect(kdc.heard).toEqual([protocol])
  })

  test('stands for the same addresses for a minute, and for ten more while it is asked anew, or nobody resolves it', async () => {
    let time = 0
    const kdc = await fakeKdc({ udp: () => REPLY })
    const { locate, lookup } = named(kdc.port, ['127.0.0.1'])
    const transport = networkTransport({ locate, lookup, now: () => time })
    const isAnswered = async (): Promise<void> => expect(new Uint8Array(await transport(REQUEST, REALM))).toEqual(REPLY)
    for (time of [0, 59_999]) await isAnswered()
    expect(lookup.mock.calls).toEqual([[NAME]])
    lookup.mockReturnValue(new Promise(() => {}))
    for (time of [60_000, 659_999]) await isAnswered()
    expect(lookup).toHaveBeenCalledTimes(2)
  })

  test('that is resolved anew stands for what it stands for then', async () => {
    let time = 0
    const { port } = await fakeKdc({ udp: () => REPLY })
    const moved = await fakeKdc({ udp: () => Uint8Array.of(0x6b, 9) }, { host: '127.0.0.2', port })
    const { locate, lookup } = named(port, ['127.0.0.1'])
    const transport = networkTransport({ locate, lookup, now: () => time })
    await transport(REQUEST, REALM)
    lookup.mockResolvedValue(['127.0.0.2'])
    time = 60_001
    await transport(REQUEST, REALM)
    await new Promise((resolve) => setImmediate(resolve))
    expect(new Uint8Array(await transport(REQUEST, REALM))).toEqual(Uint8Array.of(0x6b, 9))
    expect(moved.heard).toEqual(['udp'])
  })

  test('is resolved once for all who ask at the same time', async () => {
    const kdc = await fakeKdc({ udp: () => REPLY })
    const { locate, lookup } = named(kdc.port, ['127.0.0.1'])
    const transport = networkTransport({ locate, lookup })
    await Promise.all(Array.from({ length: 10 }, () => transport(REQUEST, REALM)))
    expect(lookup).toHaveBeenCalledTimes(1)
  })
})

describe('when nobody is there', () => {
  afterEach(closeFakeKdcs)

  /** 10 s is the limit, and one round the end. */
  const SOON = 2_000

  test.each([
    ['every address of a name refuses', named(NOBODY_LISTENS, ['127.0.0.1', '127.0.0.2']), 4],
    ['the name does not resolve', { locate: async () => [{ host: UNRESOLVABLE, port: 88 }] }, 2],
    ['the name has no address', named(88, []), 2],
  ])('it ends after one round: %s', async (_what, options, ways) => {
    const warned = vi.fn()
    process.on('warning', warned)
    const began = performance.now()
    const error = await failed(networkTransport(options)(REQUEST, REALM))
    expect(performance.now() - began).toBeLessThan(SOON)
    expect(error.code).toBe('KRB5_KDC_UNREACH')
    expect(error.attempts).toHaveLength(ways)
    for (const { reason } of error.attempts) expect(reason).toMatch(/^E[A-Z_]+$/)
    process.off('warning', warned)
    expect(warned).not.toHaveBeenCalled()
  })

  test('each address is told', async () => {
    const error = await failed(networkTransport(named(NOBODY_LISTENS, ['127.0.0.1', '127.0.0.2']))(REQUEST, REALM))
    expect(error.attempts).toEqual([
      { address: `udp/${NAME}:9 (127.0.0.1)`, reason: 'ECONNREFUSED' },
      { address: `tcp/${NAME}:9 (127.0.0.1)`, reason: 'ECONNREFUSED' },
      { address: `udp/${NAME}:9 (127.0.0.2)`, reason: 'ECONNREFUSED' },
      { address: `tcp/${NAME}:9 (127.0.0.2)`, reason: 'ECONNREFUSED' },
    ])
    const one = await failed(networkTransport(named(NOBODY_LISTENS, ['127.0.0.1'], 'tcp'))(REQUEST, REALM))
    expect(one.attempts).toEqual([{ address: `tcp/${NAME}:9`, reason: 'ECONNREFUSED' }])
  })

  test.each([
    ['has closed the connection', {}, 'tcp' as const],
    ['is not up yet', { udp: () => errorOf(KRB_ERROR_CODES.KDC_ERR_SVC_UNAVAILABLE) }, 'udp' as const],
  ])('but who is there and %s is asked again', async (_what, answers, protocol) => {
    const kdc = await fakeKdc(answers)
    const transport = networkTransport({ ...named(kdc.port, ['127.0.0.1'], protocol), timeLimit: 900 })
    await failed(transport(REQUEST, REALM))
    expect(kdc.heard.length).toBeGreaterThan(1)
  })

  test('and who is asked so often only, is asked so often', async () => {
    const kdc = await fakeKdc({ udp: () => errorOf(KRB_ERROR_CODES.KDC_ERR_SVC_UNAVAILABLE) })
    const settings = () => ({ rounds: 2 })
    await failed(networkTransport({ ...named(kdc.port, ['127.0.0.1'], 'udp'), settings })(REQUEST, REALM))
    expect(kdc.heard).toEqual(['udp', 'udp'])
  })
})
