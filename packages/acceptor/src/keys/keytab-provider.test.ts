import type { Keytab } from '@s4u/krb5'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createAcceptor } from '../create-acceptor.js'
import type { AcceptorEvent } from '../events/events.js'
import { entryOf, issue, keyOf, keytabOf, NOW, SPN, tokenOf } from '../fixtures/issued-token.js'
import { accepted, refused } from '../fixtures/outcomes.js'
import type { KeytabProvider } from './keytab-provider.js'
import type { KeytabSource } from './keytab-source.js'

let now = NOW
const events: AcceptorEvent[] = []

beforeEach(() => {
  now = NOW
  events.length = 0
})
afterEach(() => {
  vi.useRealTimers()
})

const acceptorOf = (keytab: KeytabSource) =>
  createAcceptor({ keytab, now: () => now, onEvent: (event) => events.push(event) })
const withKeys = (...versions: readonly number[]): Keytab =>
  keytabOf(...versions.map((version) => entryOf(SPN, version, keyOf(version))))
const tokenFor = (version: number): Uint8Array => tokenOf(issue({ key: keyOf(version), kvno: version }), { now })
const forged = (): Uint8Array => tokenFor(55)
const hangs = (): Promise<Keytab> => new Promise<Keytab>(() => {})

describe('a keytab provider', () => {
  test('is asked once for requests that come together, and again after a while', async () => {
    const provider = vi.fn(async () => keytabOf())
    const acceptor = acceptorOf(provider)
    expect(acceptor.principals).toEqual([])
    const outcomes = await Promise.all([1, 2, 3].map(() => acceptor.accept(tokenOf(issue()))))
    for (const outcome of outcomes) accepted(outcome)
    expect(provider).toHaveBeenCalledTimes(1)
    now += 61_000
    await acceptor.accept(tokenOf(issue(), { now }))
    expect(provider).toHaveBeenCalledTimes(2)
  })

  test('loses no request when the key is changed, whenever that is, old tickets and forged ones in between', async () => {
    let versions = [1]
    const provider = vi.fn(async () => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      return withKeys(...versions)
    })
    const acceptor = acceptorOf(provider)
    accepted(await acceptor.accept(tokenFor(1)))
    for (const later of [1_000, 61_000, 7_000]) {
      now += later
      versions = [versions[0] + 1, ...versions]
      const [newest] = versions
      const good = Array.from({ length: 60 }, (_, index) => tokenFor(versions[index % versions.length]))
      const bad = Array.from({ length: 20 }, forged)
      const outcomes = [good, bad].map((tokens) => Promise.all(tokens.map((token) => acceptor.accept(token))))
      for (const outcome of await outcomes[0]) accepted(outcome)
      for (const outcome of await outcomes[1]) refused(outcome)
      expect(acceptor.principals, `version ${newest}`).toHaveLength(1)
    }
    // Once at the start, once for each change, and once for what came while it was asked as each
    // minute.
    expect(provider.mock.calls.length).toBeLessThanOrEqual(5)
  })

  test('is not asked for every forged ticket', async () => {
    const provider = vi.fn(async () => keytabOf())
    const acceptor = acceptorOf(provider)
    await acceptor.ready()
    for (let count = 0; count < 20; count++) refused(await acceptor.accept(forged()))
    await Promise.all(Array.from({ length: 20 }, async () => acceptor.accept(forged())))
    expect(provider).toHaveBeenCalledTimes(2)
    now += 4_000
    refused(await acceptor.accept(forged()))
    expect(provider).toHaveBeenCalledTimes(2)
    now += 1_000
    refused(await acceptor.accept(forged()))
    expect(provider).toHaveBeenCalledTimes(3)
  })
})

describe('a keytab provider whose key was taken away', () => {
  test('is waited for when nothing has come for a while, for as long as a request may wait', async () => {
    let answer = (): Promise<Keytab> => Promise.resolve(withKeys(1))
    const acceptor = acceptorOf(() => answer())
    accepted(await acceptor.accept(tokenFor(1)))
    now += 600_000
    answer = async () => {
      await new Promise((resolve) => setTimeout(resolve, 50))
      return withKeys(2)
    }
    expect(refused(await acceptor.accept(tokenFor(1))).error.code).toBe('KRB_AP_ERR_BADKEYVER')
  })

  test.each([
    ['after a while', 600_000, 2_000],
    ['among others', 61_000, 250],
  ])('holds up a request %s no longer than that', async (when, rest, patience) => {
    let answer = (): Promise<Keytab> => Promise.resolve(withKeys(1))
    const acceptor = acceptorOf(() => answer())
    accepted(await acceptor.accept(tokenFor(1)))
    answer = hangs
    now += rest - 1_500
    // Looked at lately, though the provider was not due: then nobody has been idle.
    if (when === 'among others') accepted(await acceptor.accept(tokenFor(1)))
    now += 1_500
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const outcome = acceptor.accept(tokenFor(1))
    let isDone = false
    void outcome.then(() => (isDone = true))
    await vi.advanceTimersByTimeAsync(patience - 1)
    expect(isDone).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    accepted(await outcome)
  })
})

describe('a keytab provider that fails', () => {
  test('makes ready() reject and tokens be refused, until it works', async () => {
    let fails = true
    const acceptor = acceptorOf(() => {
      if (fails) throw new Error('the vault is sealed')
      return keytabOf()
    })
    await expect(acceptor.ready()).rejects.toThrow('the keytab provider failed')
    const { error } = refused(await acceptor.accept(tokenOf(issue())))
    expect(error).toMatchObject({ name: 'ConfigurationError', cause: new Error('the vault is sealed') })
    fails = false
    now += 1_000
    await acceptor.ready()
    accepted(await acceptor.accept(tokenOf(issue())))
    expect(events.filter(({ kind }) => kind === 'keytab-reload-failed')).toEqual([])
  })

  test('at the start is not asked for every request', async () => {
    const provider = vi.fn(() => {
      throw new Error('the vault is sealed')
    })
    const acceptor = acceptorOf(provider)
    for (let count = 0; count < 20; count++) refused(await acceptor.accept(tokenOf(issue())))
    expect(provider).toHaveBeenCalledTimes(1)
    now += 1_000
    refused(await acceptor.accept(tokenOf(issue())))
    expect(provider).toHaveBeenCalledTimes(2)
  })

  test('later on is not asked for every ticket that does not open, and is reported once', async () => {
    let asked = 0
    const acceptor = acceptorOf(() => {
      if (asked++ > 0) throw new Error('the vault is sealed')
      return keytabOf()
    })
    await acceptor.ready()
    now += 120_000
    for (let count = 0; count < 20; count++) refused(await acceptor.accept(forged()))
    expect(asked).toBe(2)
    now += 6_000
    refused(await acceptor.accept(forged()))
    expect(asked).toBe(3)
    accepted(await acceptor.accept(tokenOf(issue(), { now })))
    expect(events.filter(({ kind }) => kind === 'keytab-reload-failed')).toHaveLength(1)
  })
})

describe('a keytab provider that hangs', () => {
  test('at the start lets requests wait for ten seconds, and then fails those that come', async () => {
    vi.useFakeTimers()
    const provider = vi.fn<KeytabProvider>(hangs)
    const acceptor = acceptorOf(provider)
    const waiting = Array.from({ length: 20 }, async () => acceptor.accept(tokenOf(issue())))
    await vi.advanceTimersByTimeAsync(9_999)
    const [signal] = provider.mock.calls[0]
    expect(signal.aborted).toBe(false)
    now += 10_000
    await vi.advanceTimersByTimeAsync(1)
    expect(signal.aborted).toBe(true)
    for (const outcome of await Promise.all(waiting)) {
      expect(refused(outcome).error.cause).toEqual(new Error('no answer within 10000 ms'))
    }
    await expect(acceptor.ready()).rejects.toThrow('the keytab provider failed')
    expect(provider).toHaveBeenCalledTimes(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('later on holds up what does not open, for as long, and nothing else', async () => {
    vi.useFakeTimers()
    const provider = vi.fn<KeytabProvider>(hangs).mockResolvedValueOnce(keytabOf())
    const acceptor = acceptorOf(provider)
    accepted(await acceptor.accept(tokenOf(issue())))
    const waiting = Array.from({ length: 20 }, async () => acceptor.accept(forged()))
    accepted(await acceptor.accept(tokenOf(issue())))
    now += 10_000
    await vi.advanceTimersByTimeAsync(10_000)
    for (const outcome of await Promise.all(waiting)) refused(outcome)
    refused(await acceptor.accept(forged()))
    expect(provider).toHaveBeenCalledTimes(2)
    now += 5_000
    const late = acceptor.accept(forged())
    await vi.advanceTimersByTimeAsync(10_000)
    refused(await late)
    expect(provider).toHaveBeenCalledTimes(3)
    accepted(await acceptor.accept(tokenOf(issue(), { now })))
  })

  test('holds up no file beside it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 's4u-keytab-'))
    try {
      const path = join(folder, 'web.keytab')
      writeFileSync(path, withKeys(1).encode())
      const elsewhere = keytabOf(entryOf('HTTP/x.ad.test', 1, keyOf(9)))
      const acceptor = acceptorOf([vi.fn<KeytabProvider>(hangs).mockResolvedValueOnce(elsewhere), path])
      accepted(await acceptor.accept(tokenFor(1)))
      writeFileSync(path, withKeys(2, 1).encode())
      accepted(await acceptor.accept(tokenFor(2)))
      writeFileSync(path, withKeys(3, 2, 1).encode())
      accepted(await acceptor.accept(tokenFor(3)))
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
