import { afterEach, describe, expect, test } from 'vitest'
import { KdcUnreachableError } from './errors.js'
import { at, closeFakeKdcs, fakeKdc, REALM, REPLY, REQUEST } from './fixtures/fake-kdc.js'
import { networkTransport } from './transport.js'

afterEach(closeFakeKdcs)

describe('when nobody answers', () => {
  test('it ends within the limit and tells what was tried', async () => {
    const silent = await fakeKdc({ tcp: () => {} })
    const began = Date.now()
    const error = await networkTransport({ locate: at(silent.port), timeLimit: 300 })(REQUEST, REALM).catch(
      (e: unknown) => e,
    )
    expect(error).toBeInstanceOf(KdcUnreachableError)
    expect(error).toMatchObject({ realm: 'AD.TEST', code: 'KRB5_KDC_UNREACH' })
    expect(String(error)).toContain(`udp/127.0.0.1:${silent.port}`)
    expect(Date.now() - began).toBeLessThan(1_000)
  })

  test('those whose time is over in the queue are told so', async () => {
    const silent = await fakeKdc({ tcp: () => {} })
    let located = 0
    const locate = async () => {
      // The first comers find their KDCs late, and the places taken.
      if (located++ < 5) await new Promise((resolve) => setTimeout(resolve, 300))
      return at(silent.port)()
    }
    const transport = networkTransport({ locate, timeLimit: 600 })
    const ask = (): Promise<unknown> => transport(REQUEST, REALM).catch((error: unknown) => error)
    const early = Array.from({ length: 5 }, ask)
    await new Promise((resolve) => setTimeout(resolve, 200))
    const late = Array.from({ length: 16 }, ask)
    for (const error of await Promise.all(early)) expect(String(error)).toContain('not asked: the time was over')
    for (const error of await Promise.all(late))
      expect(String(error)).toContain(`udp/127.0.0.1:${silent.port}: no answer`)
  })

  test('another realm is none the worse for it', async () => {
    const [silent, good] = [await fakeKdc({ tcp: () => {} }), await fakeKdc({ udp: () => REPLY })]
    const locate = async (realm: string) => at(realm === 'AD.TEST' ? good.port : silent.port)()
    const transport = networkTransport({ locate, timeLimit: 2_000 })
    const lost = Array.from({ length: 150 }, () => transport(REQUEST, { realm: 'DEAD.TEST' }).catch(() => 'lost'))
    const began = Date.now()
    expect(new Uint8Array(await transport(REQUEST, REALM))).toEqual(REPLY)
    expect(Date.now() - began).toBeLessThan(1_000)
    expect(new Set(await Promise.all(lost))).toEqual(new Set(['lost']))
  })

  test(
    'for long, one at a time tries whether it is back, and the others are told at once',
    { timeout: 15_000 },
    async () => {
      let time = 0
      let isUp = false
      const kdc = await fakeKdc({ udp: () => (isUp ? REPLY : undefined), tcp: () => {} })
      const transport = networkTransport({ locate: at(kdc.port), timeLimit: 2_500, now: () => time })
      await expect(transport(REQUEST, REALM)).rejects.toThrow('no answer')
      time = 10_000
      const tries = transport(REQUEST, REALM).catch(() => 'lost')
      const began = Date.now()
      for (let turn = 0; turn < 20; turn++)
        await expect(transport(REQUEST, REALM)).rejects.toThrow('given up for the moment')
      expect(Date.now() - began).toBeLessThan(1_000)
      await tries
      isUp = true
      await transport(REQUEST, REALM)
      expect(await Promise.all([transport(REQUEST, REALM), transport(REQUEST, REALM)])).toHaveLength(2)
    },
  )

  test('it says so when no KDC is known', async () => {
    await expect(networkTransport({ locate: async () => [] })(REQUEST, REALM)).rejects.toThrow('none is known')
  })

  test('a caller who gives up is told at once, with his own reason', async () => {
    const silent = await fakeKdc({ tcp: () => {} })
    const caller = new AbortController()
    const asked = networkTransport({ locate: at(silent.port) })(REQUEST, { ...REALM, signal: caller.signal })
    setTimeout(() => caller.abort(new Error('gone')), 20)
    await expect(asked).rejects.toThrow('gone')
  })

  test('what the configuration says wrong is told as it is', async () => {
    const locate = async () => Promise.reject(new TypeError('krb5.conf, line 3'))
    await expect(networkTransport({ locate })(REQUEST, REALM)).rejects.toThrow('krb5.conf, line 3')
  })
})
