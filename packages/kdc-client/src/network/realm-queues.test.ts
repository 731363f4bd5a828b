import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { KdcUnreachableError } from '../errors/kdc-errors.js'
import { at, closeFakeKdcs, fakeKdc, REALM, REPLY, REQUEST } from '../fixtures/fake-kdc.js'
import { networkTransport } from './transport.js'

/** Nothing here waits for time that passes: only for what the sockets bring. */
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
afterEach(() => {
  vi.useRealTimers()
  closeFakeKdcs()
})

const pass = (milliseconds: number): Promise<unknown> => vi.advanceTimersByTimeAsync(milliseconds)

describe('when nobody answers', () => {
  test('it ends within the limit and tells what was tried', async () => {
    const silent = await fakeKdc({ tcp: () => {} })
    const told = vi.fn()
    void networkTransport({ locate: at(silent.port), timeLimit: 300 })(REQUEST, REALM).catch(told)
    await pass(299)
    expect(told).not.toHaveBeenCalled()
    await pass(1)
    const [[error]] = told.mock.calls
    expect(error).toBeInstanceOf(KdcUnreachableError)
    expect(error).toMatchObject({ realm: 'AD.TEST', code: 'KRB5_KDC_UNREACH' })
    expect(String(error)).toContain(`udp/127.0.0.1:${silent.port}`)
  })

  test('those whose time is over in the queue are told so', async () => {
    const silent = await fakeKdc({ tcp: () => {} })
    let located = 0
    let find = (): void => {}
    const found = new Promise<void>((resolve) => (find = resolve))
    const locate = async () => {
      // The first comers find their KDCs late, and the places taken.
      if (located++ < 5) await found
      return at(silent.port)()
    }
    const transport = networkTransport({ locate, timeLimit: 600 })
    const ask = (): Promise<unknown> => transport(REQUEST, REALM).catch((error: unknown) => error)
    const early = Array.from({ length: 5 }, ask)
    await pass(200)
    const late = Array.from({ length: 16 }, ask)
    await pass(100)
    find()
    await pass(300)
    for (const error of await Promise.all(early)) expect(String(error)).toContain('not asked: the time was over')
    await pass(200)
    for (const error of await Promise.all(late))
      expect(String(error)).toContain(`udp/127.0.0.1:${silent.port}: no answer`)
  })

  test('another realm is none the worse for it', async () => {
    const [silent, good] = [await fakeKdc({ tcp: () => {} }), await fakeKdc({ udp: () => REPLY })]
    const locate = async (realm: string) => at(realm === 'AD.TEST' ? good.port : silent.port)()
    const transport = networkTransport({ locate, timeLimit: 2_000 })
    const lost = Array.from({ length: 150 }, () => transport(REQUEST, { realm: 'DEAD.TEST' }).catch(() => 'lost'))
    expect(new Uint8Array(await transport(REQUEST, REALM))).toEqual(REPLY)
    await pass(2_000)
    expect(new Set(await Promise.all(lost))).toEqual(new Set(['lost']))
  })

  test('for long, one at a time tries whether it is back, and the others are told at once', async () => {
    let time = 0
    let isUp = false
    const kdc = await fakeKdc({ udp: () => (isUp ? REPLY : undefined), tcp: () => {} })
    const transport = networkTransport({ locate: at(kdc.port), timeLimit: 2_500, now: () => time })
    const first = transport(REQUEST, REALM).catch(String)
    await pass(2_500)
    expect(await first).toContain('no answer')
    time = 10_000
    const tries = transport(REQUEST, REALM).catch(() => 'lost')
    for (let turn = 0; turn < 20; turn++)
      await expect(transport(REQUEST, REALM)).rejects.toThrow('given up for the moment')
    await pass(2_500)
    expect(await tries).toBe('lost')
    isUp = true
    await transport(REQUEST, REALM)
    expect(await Promise.all([transport(REQUEST, REALM), transport(REQUEST, REALM)])).toHaveLength(2)
  })

  test('more than may wait are told at once, those of whoever has most', async () => {
    const silent = await fakeKdc({ tcp: () => {} })
    const transport = networkTransport({ locate: at(silent.port), timeLimit: 2_000 })
    const told = { mallory: [] as string[], bob: [] as string[] }
    const ask = (user: 'mallory' | 'bob'): void =>
      void transport(REQUEST, { ...REALM, place: { kind: 'password', user } }).catch((error: unknown) =>
        told[user].push(String(error)),
      )
    for (let count = 0; count < 10_020; count++) ask('mallory')
    ask('bob')
    await pass(1)
    // Sixteen are on their way, ten thousand wait.
    expect(told.mallory.length).toBe(5)
    expect(new Set(told.mallory)).toEqual(
      new Set([expect.stringContaining('10000 requests wait for this realm already')]),
    )
    expect(told.bob).toEqual([])
    await pass(2_000)
    expect(told.mallory.length + told.bob.length).toBe(10_021)
  })

  test('it says so when no KDC is known', async () => {
    await expect(networkTransport({ locate: async () => [] })(REQUEST, REALM)).rejects.toThrow('none is known')
  })

  test('a caller who gives up is told at once, with his own reason', async () => {
    const silent = await fakeKdc({ tcp: () => {} })
    const caller = new AbortController()
    const asked = networkTransport({ locate: at(silent.port) })(REQUEST, { ...REALM, signal: caller.signal })
    await expect.poll(() => silent.heard.length).toBeGreaterThan(0)
    caller.abort(new Error('gone'))
    await expect(asked).rejects.toThrow('gone')
  })

  test('what the configuration says wrong is told as it is', async () => {
    const locate = async () => Promise.reject(new TypeError('krb5.conf, line 3'))
    await expect(networkTransport({ locate })(REQUEST, REALM)).rejects.toThrow('krb5.conf, line 3')
  })
})
