import { type KdcClient, KDC_CHANNEL, type KdcEvent, type KdcTransport } from '@s4u/kdc-client'
import { decode, AsReq, findPaData, PaType } from '@s4u/krb5'
import type { TestRealm } from '@s4u/test-kdc'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, test } from 'vitest'
import { adTest, clientOf } from './realm-and-clients.js'

/**
 * Callers who go while a KDC thinks: what they asked for must not hold a socket, nor a place in the
 * queue, until the time limit.
 */

const AS_REQ_TAG = 0x6a

/**
 * A KDC that answers nothing of what `holds` says before it is let go, and the signals of what it
 * holds.
 */
class SlowKdc {
  readonly held: AbortSignal[] = []
  holds: (request: Uint8Array, realm: string) => boolean
  #letGo = (): void => {}
  readonly #gone = new Promise<void>((resolve) => (this.#letGo = resolve))
  readonly #realm: TestRealm

  constructor(realm: TestRealm, holds: SlowKdc['holds']) {
    this.#realm = realm
    this.holds = holds
  }

  readonly transport: KdcTransport = async (request, { realm, signal }) => {
    if (this.holds(request, realm)) {
      if (signal === undefined) throw new Error('nothing would end it')
      this.held.push(signal)
      const aborted = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      await Promise.race([this.#gone, aborted])
    }
    return this.#realm.transport(request, { realm })
  }

  letGo(): void {
    this.holds = () => false
    this.#letGo()
  }
}

const isSignIn = (request: Uint8Array): boolean => request[0] === AS_REQ_TAG
const hasProof = (request: Uint8Array): boolean =>
  isSignIn(request) && findPaData(decode(AsReq, request).padata ?? [], PaType.ENC_TIMESTAMP) !== undefined

async function setUp(holds: SlowKdc['holds']) {
  const realm = await adTest()
  const kdc = new SlowKdc(realm, holds)
  return { realm, kdc, client: clientOf(realm, 'web', { kdc: kdc.transport }) }
}

/** A caller who waits until the KDC has the request, and goes. */
async function goneAfter(kdc: SlowKdc, ask: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
  const caller = new AbortController()
  const wait = ask(caller.signal)
  wait.catch(() => {})
  await expect.poll(() => kdc.held.length).toBeGreaterThan(0)
  caller.abort(new Error('gone'))
  await expect(wait).rejects.toThrow('gone')
}

const isTicketRequest = (request: Uint8Array): boolean => !isSignIn(request)

describe('the exchange of a caller who has gone is ended', () => {
  const asks: readonly [string, (client: KdcClient, realm: TestRealm, signal: AbortSignal) => Promise<unknown>][] = [
    ['ticketFor', (client, _, signal) => client.ticketFor('HTTP/api.ad.test', { signal })],
    ['tgtToForward', (client, _, signal) => client.tgtToForward({ signal })],
    ['s4u2self', (client, _, signal) => client.s4u2self('alice', { signal })],
    [
      'ticketAs',
      (client, _, signal) =>
        client.ticketAs({ user: 'alice@AD.TEST', protocolTransition: true }, 'HTTP/api.ad.test', { signal }),
    ],
    ['ticketFor in another realm', (client, _, signal) => client.ticketFor('HTTP/api.west.test@WEST.TEST', { signal })],
    ['s4u2self by an enterprise name', (client, _, signal) => client.s4u2self('bob.builder@corp.example', { signal })],
  ]

  test.each(asks)('%s', async (_name, ask) => {
    const { realm, kdc, client } = await setUp(isTicketRequest)
    await goneAfter(kdc, (signal) => ask(client, realm, signal))
    expect(kdc.held).toMatchObject([{ aborted: true }])
  })

  test('while it is sought in which realm the user is', async () => {
    const { kdc, client } = await setUp(
      (request) => isSignIn(request) && decode(AsReq, request).reqBody.cname?.nameType === 10,
    )
    await goneAfter(kdc, (signal) => client.s4u2self('bob.builder@corp.example', { signal }))
    expect(kdc.held).toMatchObject([{ aborted: true }])
  })

  test('and not with one of two', async () => {
    const { kdc, client } = await setUp(isTicketRequest)
    const patient = client.s4u2self('alice')
    await goneAfter(kdc, (signal) => client.s4u2self('alice', { signal }))
    expect(kdc.held).toMatchObject([{ aborted: false }])
    kdc.letGo()
    expect((await patient).client.name.nameString).toEqual(['alice'])
  })

  test('and the next one gets the ticket', async () => {
    const { kdc, client } = await setUp(isTicketRequest)
    await goneAfter(kdc, (signal) => client.ticketFor('HTTP/api.ad.test', { signal }))
    kdc.letGo()
    expect((await client.ticketFor('HTTP/api.ad.test')).service.name.nameString).toEqual(['HTTP', 'api.ad.test'])
  })

  test('and told as such', async () => {
    const { kdc, client } = await setUp(isTicketRequest)
    const seen: KdcEvent[] = []
    const listen = (event: unknown): void => void seen.push(event as KdcEvent)
    subscribe(KDC_CHANNEL, listen)
    await goneAfter(kdc, (signal) => client.ticketFor('HTTP/api.ad.test', { signal }))
    await expect
      .poll(() => seen.filter(({ step }) => step === 'TGS'))
      .toMatchObject([{ outcome: 'failed', code: 'AbortError' }])
    unsubscribe(KDC_CHANNEL, listen)
  })
})

describe('a sign-in', () => {
  test('is ended with the last one who waits for it, whatever ticket it was for', async () => {
    const { kdc, client } = await setUp(isSignIn)
    const patient = new AbortController()
    const other = client.ticketFor('HTTP/vault.ad.test', { signal: patient.signal })
    await goneAfter(kdc, (signal) => client.ticketFor('HTTP/api.ad.test', { signal }))
    expect(kdc.held).toMatchObject([{ aborted: false }])
    patient.abort(new Error('gone too'))
    await expect(other).rejects.toThrow('gone too')
    await expect.poll(() => kdc.held).toMatchObject([{ aborted: true }])
    kdc.letGo()
    expect(await client.ticketFor('HTTP/api.ad.test')).toBeDefined()
  })

  test('that has shown the key is waited for, so that callers who come and go do not try a wrong one again and again', async () => {
    const { realm, kdc, client } = await setUp(hasProof)
    await realm.changePassword('web')
    for (let caller = 0; caller < 10; caller++)
      await goneAfter(kdc, (signal) => client.ticketFor('HTTP/api.ad.test', { signal }))
    expect(kdc.held).toMatchObject([{ aborted: false }])
    kdc.letGo()
    await expect(client.ticketFor('HTTP/api.ad.test')).rejects.toMatchObject({ code: 'KDC_ERR_PREAUTH_FAILED' })
    await expect(client.ticketFor('HTTP/api.ad.test')).rejects.toMatchObject({ code: 'KDC_ERR_PREAUTH_FAILED' })
    expect(realm.exchanges.filter(({ outcome }) => outcome === 'KDC_ERR_PREAUTH_FAILED').length).toBe(1)
  })
})
