import { decode, hasFlag, KdcOption, kerberosFlags, Key, parsePrincipal, TgsReq, TicketFlag } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { KdcClock } from '../exchange/kdc-clock.js'
import type { KdcContext } from '../exchange/kdc-context.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'
import type { ReadyTicket } from '../credentials/authority.js'
import { isYoung, OwnTgt } from './own-tgt.js'

const HOUR = 3_600_000
const krbtgt = parsePrincipal('krbtgt/AD.TEST@AD.TEST')
const alice = parsePrincipal('alice@AD.TEST')

function tgtUntil(expiresAt: number, more: Partial<ServiceTicket> = {}): ServiceTicket {
  const ticket = { realm: 'AD.TEST', sname: krbtgt.name, encPart: { etype: 18, cipher: new Uint8Array(8) } }
  const times = { authenticatedAt: 0, startsAt: 0, expiresAt }
  const flags = kerberosFlags(TicketFlag.FORWARDABLE)
  return { client: alice, service: krbtgt, ticket, sessionKey: Key.random(18), flags, ...times, ...more }
}

/** A ticket from elsewhere, whose KDC answers nobody. */
function elsewhere(given: ServiceTicket) {
  const at = { now: 0, given }
  const asked: number[] = []
  const context: KdcContext = {
    transport: async (request) => {
      const { kdcOptions } = decode(TgsReq, request).reqBody
      asked.push(...Object.values(KdcOption).filter((option) => hasFlag(kdcOptions, option)))
      throw new Error('nobody answers')
    },
    clock: new KdcClock(() => at.now),
    random: (length) => crypto.getRandomValues(new Uint8Array(length)),
    etypes: [18],
  }
  const authority: ReadyTicket = { kind: 'ready-ticket', principal: alice, tgt: () => at.given }
  return { at, asked, ownTgt: new OwnTgt(context, authority) }
}

describe('a ticket-granting ticket from elsewhere', () => {
  test('is used as it is, and looked for again near its end', async () => {
    const first = tgtUntil(10 * HOUR)
    const { at, asked, ownTgt } = elsewhere(first)
    expect(await ownTgt.get()).toBe(first)
    at.given = tgtUntil(20 * HOUR)
    at.now = 8 * HOUR - 1
    expect(await ownTgt.get()).toBe(first)
    at.now = 8 * HOUR
    // Whoever comes first has the old one, and the others what has been found meanwhile.
    expect(await ownTgt.get()).toBe(first)
    await new Promise((resolve) => setImmediate(resolve))
    expect(await ownTgt.get()).toBe(at.given)
    expect(asked).toEqual([])
    expect(ownTgt.isReduced).toBe(false)
  })

  test('that ends later than what is there now is kept', async () => {
    const long = tgtUntil(10 * HOUR)
    const { at, ownTgt } = elsewhere(long)
    await ownTgt.get()
    at.given = tgtUntil(9 * HOUR)
    at.now = 9.999 * HOUR
    expect(await ownTgt.get()).toBe(long)
  })

  test('that cannot be renewed is used to its end, and no KDC is asked', async () => {
    const tgt = tgtUntil(10 * HOUR)
    const { at, asked, ownTgt } = elsewhere(tgt)
    at.now = 10 * HOUR - 1
    expect(await ownTgt.get()).toBe(tgt)
    at.now = 10 * HOUR
    await expect(ownTgt.get()).rejects.toMatchObject({
      name: 'ConfigurationError',
      code: 'KRB_AP_ERR_TKT_EXPIRED',
      message: 'the ticket-granting ticket of alice@AD.TEST has expired',
      hint: 'Run kinit alice@AD.TEST, or sign in with a keytab, which needs no renewing.',
    })
    expect(asked).toEqual([])
  })

  test('that can be renewed is, near its end; and where no KDC answers it is used to its end', async () => {
    const flags = kerberosFlags(TicketFlag.RENEWABLE)
    const tgt = tgtUntil(10 * HOUR, { flags, renewableUntil: 20 * HOUR })
    const { at, asked, ownTgt } = elsewhere(tgt)
    at.now = 8 * HOUR - 1
    expect(await ownTgt.get()).toBe(tgt)
    expect(asked).toEqual([])
    at.now = 10 * HOUR - 1
    expect(await ownTgt.get()).toBe(tgt)
    expect(asked).toContain(KdcOption.RENEW)
  })

  test('that the KDC does not take is not kept, however long it would last', async () => {
    const long = tgtUntil(10 * HOUR)
    const { at, ownTgt } = elsewhere(long)
    await ownTgt.get()
    at.given = tgtUntil(9 * HOUR)
    await ownTgt.requireAnother(at.given)
    expect(await ownTgt.get()).toBe(long)
    await ownTgt.requireAnother(long)
    expect(await ownTgt.get()).toBe(at.given)
  })
})

describe('a ticket-granting ticket that is doubted', () => {
  test('is replaced where there is another, if it is not young, and once a minute', async () => {
    const first = tgtUntil(10 * HOUR)
    const { at, ownTgt } = elsewhere(first)
    await ownTgt.get()
    at.given = tgtUntil(9 * HOUR)
    at.now = 59_999
    expect(await ownTgt.tryForAnother(first)).toBe(false)
    expect(await ownTgt.get()).toBe(first)
    at.now = 60_000
    expect(await ownTgt.tryForAnother(first)).toBe(true)
    expect(await ownTgt.get()).toBe(at.given)
    // Somebody has replaced it meanwhile.
    expect(await ownTgt.tryForAnother(first)).toBe(true)
    const second = at.given
    at.given = tgtUntil(8 * HOUR)
    at.now = 119_999
    expect(await ownTgt.tryForAnother(second)).toBe(false)
    at.now = 120_000
    expect(await ownTgt.tryForAnother(second)).toBe(true)
  })

  test('is not replaced by itself, nor where there is none', async () => {
    const tgt = tgtUntil(10 * HOUR)
    const { at, ownTgt } = elsewhere(tgt)
    await ownTgt.get()
    at.now = 60_000
    expect(await ownTgt.tryForAnother(tgt)).toBe(false)
    at.now = 120_000
    at.given = tgtUntil(1)
    expect(await ownTgt.tryForAnother(tgt)).toBe(false)
    expect(await ownTgt.get()).toBe(tgt)
  })

  test('is young for a minute', () => {
    const tgt = tgtUntil(HOUR, { startsAt: 1_000 })
    expect([isYoung(tgt, 60_999), isYoung(tgt, 61_000)]).toEqual([true, false])
  })
})
