import { MissingKeyError } from '@s4u/krb5'
import type { Keytab } from '@s4u/krb5'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createAcceptor } from '../create-acceptor.js'
import type { AcceptorOptions } from '../options/acceptor-options.js'
import type { AcceptorEvent } from '../events/events.js'
import { entryOf, issue, keyOf, keytabOf, NOW, SPN, tokenOf } from '../fixtures/issued-token.js'
import { accepted, refused } from '../fixtures/outcomes.js'
import type { KeytabSource } from './keytab-source.js'

let folder: string
let path: string
let now = NOW
const events: AcceptorEvent[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 's4u-keytab-'))
  path = join(folder, 'web.keytab')
  now = NOW
  events.length = 0
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
  vi.unstubAllEnvs()
})

const write = (keytab: Keytab, to = path): void => writeFileSync(to, keytab.encode())
const acceptorOf = (keytab: KeytabSource | undefined, options: AcceptorOptions = {}) =>
  createAcceptor({ keytab, now: () => now, onEvent: (event) => events.push(event), ...options })
const eventsOf = (kind: AcceptorEvent['kind']) => events.filter((event) => event.kind === kind)

/** What a call throws, for its properties. */
function thrownBy(call: () => unknown): Error & { code?: string; hint?: string } {
  try {
    call()
  } catch (error) {
    if (error instanceof Error) return error
  }
  throw new Error('nothing was thrown')
}

describe('a keytab', () => {
  test.each<[string, () => KeytabSource]>([
    ['a path', () => path],
    ['a path with FILE:', () => `FILE:${path}`],
    ['a path with WRFILE:', () => `WRFILE:${path}`],
    ['a URL', () => pathToFileURL(path)],
    ['octets', () => keytabOf().encode()],
    ['a Keytab', () => keytabOf()],
    ['several of these', () => [keytabOf(entryOf('HTTP/x.ad.test', 1, keyOf(9))), [path]]],
    ['a provider of octets', () => async () => keytabOf().encode()],
    ['a provider of a Keytab', () => () => keytabOf()],
  ])('may be %s', async (_what, source) => {
    write(keytabOf())
    accepted(await acceptorOf(source()).accept(tokenOf(issue())))
  })

  test('is that of KRB5_KTNAME by default, else /etc/krb5.keytab', async () => {
    write(keytabOf())
    vi.stubEnv('KRB5_KTNAME', `FILE:${path}`)
    expect(acceptorOf(undefined).principals).toEqual(['HTTP/web.ad.test@AD.TEST'])
    vi.stubEnv('KRB5_KTNAME', '/nowhere/krb5.keytab')
    expect(thrownBy(() => acceptorOf(undefined)).message).toContain('/nowhere/krb5.keytab')
  })

  test('that is missing, empty, damaged or unreadable is an error at once, with its path', () => {
    expect(thrownBy(() => acceptorOf(path))).toMatchObject({ name: 'ConfigurationError', code: 'KRB5_KT_NOTFOUND' })
    expect(thrownBy(() => acceptorOf(path)).message).toBe(`the keytab ${path} does not exist`)
    writeFileSync(path, '')
    expect(thrownBy(() => acceptorOf(path)).message).toContain(`${path} is not a keytab`)
    writeFileSync(path, keytabOf().encode().subarray(0, -3))
    expect(thrownBy(() => acceptorOf(path)).message).toContain(`${path} is damaged`)
    expect(thrownBy(() => acceptorOf(folder))).toMatchObject({ code: 'KRB5_KT_IOERR' })
    expect(thrownBy(() => acceptorOf('KEYRING:session')).message).toContain('type KEYRING')
    expect(thrownBy(() => acceptorOf(''))).toMatchObject({ name: 'ConfigurationError' })
  })

  test('with a record that cannot be read serves by the others; an error names it where it may be the one that is missed', async () => {
    const others = keytabOf(entryOf('svc-web', 1, keyOf(3))).encode()
    const cut = (keytab: Keytab) => Buffer.concat([others, keytab.encode().subarray(2, -3)])
    writeFileSync(path, Buffer.concat([keytabOf().encode(), Buffer.of(0)]))
    accepted(await acceptorOf(path).accept(tokenOf(issue())))
    expect(eventsOf('notice')).toEqual([
      {
        kind: 'notice',
        level: 'warn',
        code: 'S4U_KEYTAB_RECORD',
        message: `${path}: left out as unreadable: entries[1] (size: expected 4 octets, found 1 octets)`,
        hint: expect.stringMatching(/^Everything else in it is used\./),
      },
    ])
    writeFileSync(path, cut(keytabOf()))
    expect(thrownBy(() => acceptorOf(path)).message).toMatch(
      /has no key for HTTP\/…, it has: svc-web@AD\.TEST; left out as unreadable: entries\[1\] \(expected \d+ octets, found \d+ octets\)$/,
    )
    expect(thrownBy(() => acceptorOf(path, { service: SPN })).message).toMatch(/left out as unreadable: entries\[1\]/)
  })

  test('without the service is an error at once, with path and principal', () => {
    write(keytabOf(entryOf('host/web.ad.test', 1, keyOf(1))))
    const error = thrownBy(() => acceptorOf(path, { service: SPN }))
    expect(error).toBeInstanceOf(MissingKeyError)
    expect(error.message).toBe(`${path} has no key for HTTP/web.ad.test, it has: host/web.ad.test@AD.TEST`)
  })
})

describe('a keytab file that changes', () => {
  const next = (kvno: number) => tokenOf(issue({ key: keyOf(kvno), kvno }))

  test('is read when its first ticket comes, without a request lost', async () => {
    write(keytabOf(entryOf(SPN, 1, keyOf(1))))
    const acceptor = acceptorOf(path)
    accepted(await acceptor.accept(next(1)))
    write(keytabOf(entryOf(SPN, 2, keyOf(2)), entryOf(SPN, 1, keyOf(1))), `${path}.new`)
    renameSync(`${path}.new`, path)
    const outcomes = await Promise.all([next(2), next(1), next(2), next(1)].map((token) => acceptor.accept(token)))
    for (const outcome of outcomes) accepted(outcome)
    expect(eventsOf('keytab-reloaded')).toEqual([
      { kind: 'keytab-reloaded', source: path, principals: ['HTTP/web.ad.test@AD.TEST'] },
    ])
  })

  test('is noticed within a second of requests that the old one serves too, and what it lost is lost', async () => {
    write(keytabOf(entryOf(SPN, 1, keyOf(1))))
    const acceptor = acceptorOf(path)
    const credential = issue({ key: keyOf(1), kvno: 1 })
    accepted(await acceptor.accept(tokenOf(credential)))
    write(keytabOf(entryOf(SPN, 2, keyOf(2))))
    now += 1_000
    await acceptor.accept(tokenOf(credential))
    await vi.waitFor(() => expect(eventsOf('keytab-reloaded')).toHaveLength(1))
    const { error } = refused(await acceptor.accept(tokenOf(credential)))
    expect(error.code).toBe('KRB_AP_ERR_BADKEYVER')
  })

  test('into one with a record that cannot be read loses no request either', async () => {
    write(keytabOf(entryOf(SPN, 1, keyOf(1))))
    const acceptor = acceptorOf(path)
    writeFileSync(path, Buffer.concat([keytabOf(entryOf(SPN, 2, keyOf(2))).encode(), Buffer.of(0)]))
    accepted(await acceptor.accept(next(2)))
  })

  test('and is being written keeps its keys until it is whole', async () => {
    write(keytabOf(entryOf(SPN, 1, keyOf(1))))
    const acceptor = acceptorOf(path)
    const whole = keytabOf(entryOf(SPN, 2, keyOf(2)), entryOf(SPN, 1, keyOf(1))).encode()
    writeFileSync(path, whole.subarray(0, -3))
    const early = acceptor.accept(next(3))
    setTimeout(() => writeFileSync(path, whole), 20)
    refused(await early)
    accepted(await acceptor.accept(next(1)))
    accepted(await acceptor.accept(next(2)))
  })

  test('is looked at before the first requests after a while: a key that it lost is honoured no more', async () => {
    write(keytabOf(entryOf(SPN, 1, keyOf(1))))
    const acceptor = acceptorOf(path)
    const stolen = issue({ key: keyOf(1), kvno: 1 })
    accepted(await acceptor.accept(tokenOf(stolen)))
    accepted(await acceptor.accept(tokenOf(stolen)))
    write(keytabOf(entryOf(SPN, 2, keyOf(2))))
    now += 120_000
    const outcomes = await Promise.all([acceptor.accept(tokenOf(stolen)), acceptor.accept(tokenOf(stolen))])
    expect(outcomes.map((outcome) => refused(outcome).error.code)).toEqual([
      'KRB_AP_ERR_BADKEYVER',
      'KRB_AP_ERR_BADKEYVER',
    ])
    expect(eventsOf('keytab-reloaded')).toHaveLength(1)
  })

  test('into something damaged is reported once, and the keys stay', async () => {
    write(keytabOf(entryOf(SPN, 1, keyOf(1))))
    const acceptor = acceptorOf(path)
    writeFileSync(path, 'garbage')
    for (let i = 0; i < 3; i++) refused(await acceptor.accept(next(2)))
    accepted(await acceptor.accept(next(1)))
    expect(eventsOf('keytab-reload-failed')).toHaveLength(1)
    expect(eventsOf('keytab-reload-failed')[0]).toMatchObject({ source: path, code: 'KRB5_KEYTAB_BADVNO' })
    write(keytabOf(entryOf(SPN, 2, keyOf(2))))
    accepted(await acceptor.accept(next(2)))
  })

  test('into one without the service is reported, and the keys stay', async () => {
    write(keytabOf(entryOf(SPN, 1, keyOf(1))))
    const acceptor = acceptorOf(path)
    write(keytabOf(entryOf('host/web.ad.test', 1, keyOf(1))))
    refused(await acceptor.accept(next(2)))
    accepted(await acceptor.accept(next(1)))
    expect(eventsOf('keytab-reload-failed')[0]).toMatchObject({ code: 'KRB_AP_ERR_NOKEY' })
    expect((await acceptor.reloadKeytab()).principals).toEqual(['HTTP/web.ad.test@AD.TEST'])
  })

  test('does not hide that another one of several is gone', async () => {
    const second = join(folder, 'second.keytab')
    write(keytabOf(entryOf(SPN, 1, keyOf(1))))
    write(keytabOf(entryOf('HTTP/x.ad.test', 1, keyOf(9))), second)
    const acceptor = acceptorOf([path, second])
    rmSync(second)
    write(keytabOf(entryOf(SPN, 2, keyOf(2)), entryOf(SPN, 1, keyOf(1))))
    refused(await acceptor.accept(next(3)))
    accepted(await acceptor.accept(next(2)))
    expect(eventsOf('keytab-reload-failed')[0]).toMatchObject({ code: 'KRB5_KT_NOTFOUND' })
    expect(acceptor.principals).toHaveLength(2)
  })
})

test('an event tells when an old key is still used', async () => {
  const acceptor = acceptorOf(keytabOf(entryOf(SPN, 2, keyOf(2)), entryOf(SPN, 1, keyOf(1))))
  accepted(await acceptor.accept(tokenOf(issue({ key: keyOf(2), kvno: 2 }))))
  expect(eventsOf('old-key-used')).toEqual([])
  accepted(await acceptor.accept(tokenOf(issue({ key: keyOf(1), kvno: 1 }))))
  const service = 'HTTP/web.ad.test@AD.TEST'
  expect(eventsOf('old-key-used')).toEqual([{ kind: 'old-key-used', service, kvno: 1, newestKvno: 2 }])
})
