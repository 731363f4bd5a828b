import { kerberosFlags, Key, KRB_ERROR_CODES, parsePrincipal, RejectedTokenError } from '@s4u/krb5'
import { describe, expect, test, vi } from 'vitest'
import { kdcAnswer } from '../errors/kdc-answer.js'
import { KdcError } from '../errors/kdc-errors.js'
import type { ExchangeRunner, ExchangeSubject } from './exchange-runner.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'
import type { TicketCache, TicketRequest } from '../cache/ticket-cache.js'
import type { OwnTgt } from './own-tgt.js'
import type { TicketKey } from '../cache/ticket-key.js'
import { TrustedRealms } from './trusted-realms.js'

const sname = { nameType: 2, nameString: ['krbtgt', 'WEST.TEST'] }
const tgt: ServiceTicket = Object.freeze({
  client: parsePrincipal('web@AD.TEST'),
  service: { name: sname, realm: 'AD.TEST' },
  ticket: { realm: 'AD.TEST', sname, encPart: { etype: 18, cipher: new Uint8Array(8) } },
  sessionKey: Key.random(18),
  flags: kerberosFlags(),
  ...{ authenticatedAt: 0, startsAt: 0, expiresAt: 1_000 },
})

/** The cache asks at once, and the exchange gives what it is told to. */
function realmsWith(exchange: () => Promise<ServiceTicket> = async () => tgt) {
  const asked: [TicketKey, unknown][] = []
  const abouts: ExchangeSubject[] = []
  const until = new AbortController().signal
  const own = {
    get: (key: TicketKey, request: TicketRequest, options: unknown) => {
      asked.push([key, options])
      return request(until, 'miss')
    },
  }
  const exchanges = {
    run: (about: ExchangeSubject, signal: AbortSignal) => {
      expect(signal).toBe(until)
      abouts.push(about)
      return exchange()
    },
  }
  const ownTgt = { get: vi.fn(async (_signal?: AbortSignal) => tgt) }
  const realms = new TrustedRealms({
    self: parsePrincipal('web@AD.TEST'),
    etypes: [18, 17],
    ownTgt: ownTgt as unknown as OwnTgt,
    exchanges: exchanges as unknown as ExchangeRunner,
    own: own as unknown as TicketCache,
    capaths: () => undefined,
  })
  return { realms, asked, abouts, ownTgt }
}

const error = { stime: 0, susec: 0, errorCode: KRB_ERROR_CODES.KDC_ERR_S_PRINCIPAL_UNKNOWN, realm: 'AD.TEST', sname }

describe('the ticket-granting ticket for a realm', () => {
  test('is the own one for the own realm, in any case of its letters', async () => {
    const { realms, asked, ownTgt } = realmsWith()
    const { signal } = new AbortController()
    expect(await realms.tgtFor('ad.test', signal)).toBe(tgt)
    expect(ownTgt.get.mock.calls).toEqual([[signal]])
    expect(asked).toEqual([])
    expect(await realms.leadTo('ad.test')).toBe(true)
    expect(ownTgt.get).toHaveBeenCalledTimes(1)
  })

  test('is one of its own for another realm, kept by all that decides which it is', async () => {
    const { realms, asked, abouts, ownTgt } = realmsWith()
    const { signal } = new AbortController()
    expect(await realms.tgtFor('WEST.TEST', signal)).toBe(tgt)
    await realms.tgtFor('WEST.TEST', undefined)
    const key = { kind: 'own', client: 'web@AD.TEST', etypes: [18, 17], service: 'krbtgt/WEST.TEST@AD.TEST' }
    expect(asked).toStrictEqual([
      [key, { signal }],
      [key, {}],
    ])
    expect(abouts[0]).toEqual({ step: 'TGS', target: 'krbtgt/WEST.TEST', cache: 'miss' })
    expect(ownTgt.get).not.toHaveBeenCalled()
  })
})

describe('a trust', () => {
  test('is there when there is a ticket', async () => {
    const { realms, asked } = realmsWith()
    const { signal } = new AbortController()
    expect(await realms.leadTo('WEST.TEST', signal)).toBe(true)
    expect(asked[0][1]).toEqual({ signal })
  })

  test.each([
    ['a KDC says no', new KdcError(kdcAnswer('TGS', 'web@AD.TEST', 'krbtgt/WEST.TEST', error))],
    ['a reply is not to be believed', new RejectedTokenError('no', { code: 'KRB_AP_PATH_NOT_ACCEPTED' })],
  ])('is not there when %s', async (_what, refusal) => {
    expect(await realmsWith(() => Promise.reject(refusal)).realms.leadTo('WEST.TEST')).toBe(false)
  })

  test('is not known when nobody answers', async () => {
    const unreachable = new Error('nobody answers')
    await expect(realmsWith(() => Promise.reject(unreachable)).realms.leadTo('WEST.TEST')).rejects.toBe(unreachable)
  })
})
