import { KDC_CHANNEL } from '@s4u/kdc-client'
import {
  createNegotiator,
  IMPERSONATE_CHANNEL,
  type Negotiator,
  respond,
  writeAuditTo,
  writeHeaders,
} from '@s4u/negotiate'
import type { TestRealm } from '@s4u/test-kdc'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { selfSigned } from './fixtures/certificate.js'
import { API, corporation, Desktop, WEB } from './fixtures/corporation.js'
import { serve } from './fixtures/serve.js'

let realm: TestRealm
let web: Negotiator
const kdc: unknown[] = []
const acts: unknown[] = []
const listenKdc = (event: unknown): void => void kdc.push(event)
const listenActs = (event: unknown): void => void acts.push(event)

beforeEach(async () => {
  realm = await corporation()
  const options = { keytab: realm.keytabFor('web'), kdc: realm.transport, now: () => realm.now }
  web = createNegotiator({ ...options, delegation: { principal: 'web', protocolTransition: (user) => user === 'bob' } })
  kdc.length = 0
  acts.length = 0
})

afterEach(() => {
  unsubscribe(KDC_CHANNEL, listenKdc)
  unsubscribe(IMPERSONATE_CHANNEL, listenActs)
  web[Symbol.dispose]()
})

function listen(): void {
  subscribe(KDC_CHANNEL, listenKdc)
  subscribe(IMPERSONATE_CHANNEL, listenActs)
}

async function alice() {
  const authorization = await new Desktop(realm, 'alice').authorization(WEB)
  const outcome = await web.authenticate({ headers: { authorization }, socket: { remoteAddress: '192.0.2.7' } })
  if (outcome.status !== 'authenticated') throw new Error('alice was not let in')
  return outcome.identity
}

describe('the audit tells of a ticket in the name of a caller', () => {
  test('who, for whom, to what, by which way, and that the KDC was asked the first time only', async () => {
    listen()
    using caller = (await alice()).impersonate()
    await caller.ticketFor(API)
    await caller.ticketFor(API)
    const same = {
      kind: 'impersonate',
      outcome: 'issued',
      account: 'web@AD.TEST',
      userName: 'alice',
      userDomain: 'AD.TEST',
      serviceName: API,
      serviceRealm: 'AD.TEST',
      evidence: 'presented',
      way: 's4u2proxy',
      clientAddress: '192.0.2.7',
      ticketEncryptionType: '0x12',
      failureCode: '0x0',
      transitedServices: ['web@AD.TEST'],
    }
    expect(acts).toMatchObject([
      { ...same, cache: 'exchange', ticketOptions: '0x40030000' },
      { ...same, cache: 'hit', ticketOptions: undefined },
    ])
    expect(acts.every((event) => Object.isFrozen(event))).toBe(true)
  })

  test('and of each exchange what event 4769 of Windows tells', async () => {
    subscribe(KDC_CHANNEL, listenKdc)
    const identity = await alice()
    kdc.length = 0
    using caller = identity.impersonate()
    await caller.ticketFor(API)
    expect(kdc).toMatchObject([
      { step: 'AS', accountName: 'web', serviceName: 'krbtgt/AD.TEST', ticketOptions: '0x40000010', cache: 'miss' },
      {
        step: 'S4U2Proxy',
        accountName: 'web',
        accountDomain: 'AD.TEST',
        userName: 'alice',
        userDomain: 'AD.TEST',
        serviceName: API,
        serviceRealm: 'AD.TEST',
        // Forwardable, cname-in-addl-tkt and canonicalize.
        ticketOptions: '0x40030000',
        ticketEncryptionType: '0x12',
        failureCode: '0x0',
        clientAddress: '192.0.2.7',
        transitedServices: ['web@AD.TEST'],
        cache: 'miss',
      },
    ])
    // The service's own sign-in is on nobody's behalf.
    expect(kdc[0]).not.toHaveProperty('clientAddress')
    expect(kdc.every((event) => Object.isFrozen(event))).toBe(true)
  })

  test('and of a refusal the code of the KDC, and that it is remembered', async () => {
    using caller = (await alice()).impersonate()
    listen()
    for (let turn = 0; turn < 2; turn++) {
      await expect(caller.ticketFor('HTTP/other.ad.test')).rejects.toThrow('other.ad.test')
    }
    const refusal = { outcome: 'failed', code: 'KDC_ERR_BADOPTION', failureCode: '0xD', reason: 'target-not-allowed' }
    expect(acts).toMatchObject([
      { ...refusal, cache: 'exchange' },
      { ...refusal, cache: 'hit' },
    ])
    expect(kdc).toMatchObject([
      { step: 'AS' },
      { ticketOptions: '0x40030000', failureCode: '0xD', transitedServices: [] },
    ])
  })

  test('and of a protocol transition, allowed or not', async () => {
    listen()
    using bob = (await web.identityFor('bob')).impersonate()
    const named = { user: 'bob@AD.TEST', userName: 'bob', userDomain: 'AD.TEST' }
    expect(acts).toMatchObject([{ outcome: 'issued', ...named, target: '', cache: 'exchange', serviceName: 'web' }])
    expect(acts[0]).toMatchObject({ ticketOptions: expect.stringMatching(/^0x4/) })
    await bob.ticketFor(API).catch(() => {})
    expect(acts[1]).toMatchObject({ user: 'bob@AD.TEST', evidence: 's4u2self' })
  })

  test('and of one that the app does not permit itself, for which no KDC was asked', async () => {
    listen()
    await expect(web.identityFor('alice')).rejects.toMatchObject({ code: 'KDC_ERR_POLICY' })
    expect(acts).toMatchObject([{ outcome: 'failed', user: 'alice', target: '', code: 'KDC_ERR_POLICY' }])
    expect(acts[0]).not.toHaveProperty('cache')
    expect(kdc).toEqual([])
  })

  test('and of one by certificate whom the ticket names, permitted or not', async () => {
    const certificates = await Promise.all(
      ['bob', 'alice'].map(async (name) => {
        const certificate = new Uint8Array(selfSigned(name).der)
        await realm.addUser(`${name}2`, { password: 'wonderland', certificates: [certificate] })
        return certificate
      }),
    )
    const [bobs, alices] = certificates
    const options = { keytab: realm.keytabFor('web'), kdc: realm.transport, now: () => realm.now }
    const protocolTransition = (user: string): boolean => user === 'bob2@AD.TEST'
    using service = createNegotiator({ ...options, delegation: { principal: 'web', protocolTransition } })
    listen()
    await service.identityFor({ certificate: bobs })
    await expect(service.identityFor({ certificate: alices })).rejects.toMatchObject({ code: 'KDC_ERR_POLICY' })
    expect(acts).toMatchObject([
      { outcome: 'issued', user: 'bob2@AD.TEST', userName: 'bob2', userDomain: 'AD.TEST' },
      { outcome: 'failed', user: 'alice2@AD.TEST', userName: 'alice2', code: 'KDC_ERR_POLICY', cache: 'exchange' },
    ])
    const transitions = kdc.filter((event) => Object(event).step === 'S4U2Self')
    expect(transitions).toMatchObject([{ user: 'bob2@AD.TEST' }, { user: 'alice2@AD.TEST', userName: 'alice2' }])
    const eves = { certificate: new Uint8Array(selfSigned('eve').der) }
    await expect(service.identityFor(eves)).rejects.toMatchObject({ code: expect.stringMatching(/^KDC_ERR_/) })
    expect(acts[2]).toMatchObject({ outcome: 'failed', user: '(certificate)' })
  })

  test('and that a ticket was got anew because it was about to end', async () => {
    listen()
    const identity = await alice()
    using caller = identity.impersonate()
    await caller.ticketFor(API)
    kdc.length = 0
    realm.now = identity.expiresAt - 120_000
    await caller.ticketFor(API)
    await vi.waitFor(() => expect(kdc.map((event) => Object(event).step).sort()).toEqual(['AS', 'S4U2Proxy']))
    expect(kdc).toMatchObject([{ cache: 'refresh' }, { cache: 'refresh' }])
  })
})

/** Takes nothing before it is let go. */
class Slow extends Writable {
  readonly lines: string[] = []
  #go: (() => void) | undefined
  #open = false

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.lines.push(String(chunk))
    if (this.#open) done()
    else this.#go = done
  }

  release(): void {
    this.#open = true
    this.#go?.()
  }
}

describe('the JSON-lines writer', () => {
  test('writes the SIDs that are known in each record of a call in somebody’s name, and one name for one service', async () => {
    const lines: Record<string, unknown>[] = []
    const stream = new Writable({
      write(chunk: Buffer, _encoding, done) {
        lines.push(JSON.parse(chunk.toString()))
        done()
      },
    })
    using api = createNegotiator({ keytab: realm.keytabFor('api'), now: () => realm.now })
    await using site = await serve(async (request, response) => {
      const answer = await api.authenticate(request)
      if (answer.status === 'challenge') return respond(response, answer)
      writeHeaders(response, answer.headers)
      response.end(answer.status === 'authenticated' ? answer.identity.principal : 'nobody')
    })
    const serviceNames = { [new URL(site.url).host]: API }
    const now = (): number => realm.now
    const options = { keytab: realm.keytabFor('web'), kdc: realm.transport, delegation: { principal: 'web' }, now }
    using named = createNegotiator({ ...options, fetch: { serviceNames } })
    // A ticket of the service's own tells the SID of its account.
    const own = await named.identityFor('web', { level: 'identification' })
    const authorization = await new Desktop(realm, 'alice').authorization(WEB)
    {
      using _audit = writeAuditTo(stream)
      const outcome = await named.authenticate({ headers: { authorization } })
      if (outcome.status !== 'authenticated') throw new Error(outcome.status)
      using caller = outcome.identity.impersonate()
      expect(await (await caller.fetch(site.url)).text()).toBe('alice@AD.TEST')
    }
    const [userSid, accountSid] = [realm.sidOf('alice'), own.sid]
    expect(accountSid).toMatch(/^S-1-5-21-/)
    const ofWeb = lines.filter(({ channel, outcome }) => channel !== 's4u:accept' || outcome === 'accepted')
    expect(ofWeb).toMatchObject([
      { channel: 's4u:accept', serviceName: WEB, serviceRealm: 'AD.TEST', clientSid: userSid, serviceSid: accountSid },
      { channel: 's4u:kdc', step: 'S4U2Proxy', serviceName: API, serviceRealm: 'AD.TEST', userSid, accountSid },
      { channel: 's4u:impersonate', serviceName: API, serviceRealm: 'AD.TEST', userSid, accountSid },
      // The backend of this test, in the same process.
      { channel: 's4u:accept', serviceName: API, serviceRealm: 'AD.TEST' },
      { channel: 's4u:fetch', serviceName: API, clientSid: userSid },
    ])
  })

  test('writes each event of each channel as a line with its time first, until it is disposed of', async () => {
    const folder = mkdtempSync(join(tmpdir(), 's4u-audit-'))
    const path = join(folder, 'audit.jsonl')
    const writer = writeAuditTo(path, { now: () => 0 })
    using caller = (await alice()).impersonate()
    await caller.ticketFor(API)
    await writer[Symbol.asyncDispose]()
    await caller.ticketFor(API)
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
    rmSync(folder, { recursive: true })
    for (const line of lines) expect(line).toMatch(/^\{"time":"1970-01-01T00:00:00\.000Z","channel":"s4u:/)
    const channels = lines.map((line) => JSON.parse(line).channel)
    expect(new Set(channels)).toEqual(new Set(['s4u:accept', 's4u:kdc', 's4u:impersonate']))
    expect(channels.filter((channel) => channel === 's4u:impersonate')).toHaveLength(1)
  })

  test('holds a bounded number of lines for a stream that does not keep up, and says how many it left out', async () => {
    const stream = new Slow({ highWaterMark: 1 })
    using _writer = writeAuditTo(stream, { maxWaiting: 2 })
    using caller = (await alice()).impersonate()
    for (let turn = 0; turn < 10; turn++) await caller.ticketFor(API)
    expect(stream.lines).toHaveLength(1)
    stream.release()
    await new Promise((resolve) => setImmediate(resolve))
    expect(stream.lines.length).toBeLessThan(10)
    await caller.ticketFor(API)
    const all = stream.lines.map((line) => JSON.parse(line))
    expect(all.filter(({ dropped }) => dropped > 0)).toHaveLength(1)
    expect(all.at(-1)).toMatchObject({ channel: 's4u:impersonate', user: 'alice@AD.TEST' })
  })

  test('never fails a request when its stream does', async () => {
    const failures: unknown[] = []
    const stream = new Writable({ write: (_chunk, _encoding, done) => done(new Error('disk full')) })
    using _writer = writeAuditTo(stream, { onError: (error) => failures.push(error) })
    using caller = (await alice()).impersonate()
    await caller.ticketFor(API)
    await caller.ticketFor(API)
    await new Promise((resolve) => setImmediate(resolve))
    expect(failures).toMatchObject([{ message: 'disk full' }])
  })
})
