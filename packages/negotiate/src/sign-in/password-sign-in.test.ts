import { type Acceptor, type AcceptOutcome, Identity } from '@s4u/acceptor'
import { KdcError, type KdcClient, MissingKeyError, RejectedTokenError, type ServiceTicket } from '@s4u/kdc-client'
import { Key, kerberosFlags, parsePrincipal, TicketFlag } from '@s4u/krb5'
import { describe, expect, test, vi } from 'vitest'
import { acceptorOf, issueTicket, serviceNamed } from '../../../../test/stories/kerberos-backend.js'
import { claimsWith } from '../fixtures/identities.js'
import { signInWithPassword } from './password-sign-in.js'

const service = serviceNamed('HTTP/web.ad.test')
const SELF = 'HTTP/web.ad.test@AD.TEST'
const { signal } = new AbortController()

/** The ticket-granting ticket of alice, to be forwarded. */
const TGT = {
  ...issueTicket({ spn: 'krbtgt/AD.TEST', key: Key.random(18) }),
  flags: kerberosFlags(TicketFlag.FORWARDABLE, TicketFlag.FORWARDED),
}

/** A client of alice, made with her password. */
function userWith(ticket: ServiceTicket | Error = issueTicket(service)) {
  const ticketFor = vi.fn(async (..._: unknown[]) => {
    if (ticket instanceof Error) throw ticket
    return ticket
  })
  const tgtToForward = vi.fn(async (..._: unknown[]) => TGT)
  const client = { principal: 'alice@AD.TEST', realm: 'AD.TEST', ticketFor, tgtToForward } as unknown as KdcClient
  return { client, ticketFor, tgtToForward }
}

const how = { method: 'basic', now: Date.now, keepsTgt: false } as const

/** An acceptor that says what it is told to. */
function saying(outcome: AcceptOutcome | object, principals: readonly string[] = [SELF]) {
  const accept = vi.fn(async (..._: unknown[]) => outcome)
  const ready = vi.fn(async () => {})
  return { acceptor: { principals, accept, ready } as unknown as Acceptor, accept, ready }
}

describe('a user whose password the KDC knows', () => {
  test('is who the ticket says, by the method that the app names, with that ticket as evidence', async () => {
    using acceptor = acceptorOf(service)
    const { client, ticketFor, tgtToForward } = userWith()
    const identity = await signInWithPassword(acceptor, client, { ...how, signal })
    expect(identity).toMatchObject({
      principal: 'alice@AD.TEST',
      name: 'alice',
      localName: 'alice',
      realm: 'AD.TEST',
      authenticationMethod: 'basic',
      impersonationLevel: 'delegation',
      evidence: { kind: 'ticket', origin: 'presented', forwardable: true },
    })
    expect(identity.groupsUnknown).toContain('no PAC')
    expect(ticketFor.mock.calls).toEqual([[SELF, { signal }]])
    expect(tgtToForward).not.toHaveBeenCalled()
    const named = await signInWithPassword(acceptor, client, { ...how, method: 'form' }).catch(
      (error: unknown) => error,
    )
    expect(named).toMatchObject({ authenticationMethod: 'form' })
  })

  test('has groups as the acceptor has read them', async () => {
    for (const groupsUnknown of [false, 'nobody knows'] as const) {
      const { acceptor } = saying({ status: 'accepted', identity: new Identity(claimsWith({ groupsUnknown })) })
      const { groupsUnknown: read } = await signInWithPassword(acceptor, userWith().client, how)
      expect(read).toBe(groupsUnknown || undefined)
    }
  })

  test('leaves the ticket-granting ticket where the app keeps it, and the directory lets it go', async () => {
    using acceptor = acceptorOf(service, { forwardedTickets: 'use' })
    const forwardable = userWith()
    const kept = await signInWithPassword(acceptor, forwardable.client, { ...how, keepsTgt: true, signal })
    expect(kept.evidence).toMatchObject({ forwardedTgt: { client: { name: { nameString: ['alice'] } } } })
    expect(forwardable.tgtToForward.mock.calls).toEqual([[{ signal }]])
    const sensitive = userWith({ ...issueTicket(service), flags: kerberosFlags(TicketFlag.PRE_AUTHENT) })
    const { evidence } = await signInWithPassword(acceptor, sensitive.client, { ...how, keepsTgt: true })
    expect(evidence).not.toHaveProperty('forwardedTgt', expect.anything())
    expect(sensitive.tgtToForward).not.toHaveBeenCalled()
  })

  test('is asked of the KDC of the own realm, where there are keys of several', async () => {
    const { acceptor, ready } = saying({ status: 'refused', error: new MissingKeyError('no') }, [
      'HTTP/web.west.test@WEST.TEST',
      SELF,
      'HTTP/other.ad.test@AD.TEST',
    ])
    const { client, ticketFor } = userWith()
    await expect(signInWithPassword(acceptor, client, how)).rejects.toThrow('no')
    const elsewhere = { ...client, realm: 'EAST.TEST' } as KdcClient
    await expect(signInWithPassword(acceptor, elsewhere, how)).rejects.toThrow('no')
    expect(ticketFor.mock.calls.map(([spn]) => spn)).toEqual([SELF, 'HTTP/web.west.test@WEST.TEST'])
    expect(ready).toHaveBeenCalledTimes(2)
  })

  test('hands over a token that is bound to this acceptor, and never to a connection', async () => {
    const { acceptor, accept } = saying({ status: 'accepted', identity: new Identity(claimsWith()) })
    await signInWithPassword(acceptor, userWith().client, how)
    const [[, { channelBindings }]] = accept.mock.calls as [[Uint8Array, { channelBindings: Uint8Array }]]
    expect(new TextDecoder().decode(channelBindings)).toBe('s4u-password-sign-in')
    using requiring = acceptorOf(service, { channelBinding: 'require' })
    expect(await signInWithPassword(requiring, userWith().client, how)).toMatchObject({ principal: 'alice@AD.TEST' })
  })
})

describe('a KDC that says no', () => {
  const saysNo = (code: string): KdcError =>
    Object.assign(Object.create(KdcError.prototype) as KdcError, { code, status: 500, message: code })

  test.each([
    'KDC_ERR_NAME_EXP',
    'KDC_ERR_C_PRINCIPAL_UNKNOWN',
    'KDC_ERR_POLICY',
    'KDC_ERR_CLIENT_REVOKED',
    'KDC_ERR_CLIENT_NOTYET',
    'KDC_ERR_KEY_EXPIRED',
    'KDC_ERR_PREAUTH_FAILED',
  ])('of the user or the password (%s) is told to the user', async (code) => {
    const error = saysNo(code)
    await expect(signInWithPassword(saying({}).acceptor, userWith(error).client, how)).rejects.toBe(error)
    expect(error.status).toBe(401)
  })

  test('nothing, since it wants no pre-authentication, leaves the wrong password to the client', async () => {
    const error = new RejectedTokenError('no', { code: 'KDC_ERR_PREAUTH_FAILED', status: 502 })
    await expect(signInWithPassword(saying({}).acceptor, userWith(error).client, how)).rejects.toBe(error)
    expect(error.status).toBe(401)
  })

  test('of something else is told to the operator, and so is what is no answer of it', async () => {
    const errors = [
      saysNo('KDC_ERR_S_PRINCIPAL_UNKNOWN'),
      saysNo('KDC_ERR_ETYPE_NOSUPP'),
      new RejectedTokenError('no', { code: 'KDC_ERR_POLICY', status: 502 }),
    ]
    const statuses = errors.map(({ status }) => status)
    for (const error of errors)
      await expect(signInWithPassword(saying({}).acceptor, userWith(error).client, how)).rejects.toBe(error)
    expect(errors.map(({ status }) => status)).toEqual(statuses)
  })
})

describe('whoever plays the KDC', () => {
  const message = 'the sign-in of alice@AD.TEST was answered by a KDC that this service cannot believe'
  const hint =
    'Somebody else may have answered in its place, or the keytab of this service is out of date: see the cause.'

  test('and seals a ticket with a key of its own is not believed', async () => {
    using acceptor = acceptorOf(service)
    const forged = userWith(issueTicket(serviceNamed(service.spn)))
    const refusal: unknown = await signInWithPassword(acceptor, forged.client, how).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(RejectedTokenError)
    expect(refusal).toMatchObject({ message, hint, status: 502, code: 'KRB_AP_ERR_BAD_INTEGRITY' })
    expect(refusal).toMatchObject({ cause: { name: 'RejectedTokenError' } })
  })

  test('and shows the ticket of another exchange is not believed', async () => {
    using acceptor = acceptorOf(service)
    const seen = { ...issueTicket(service), sessionKey: Key.random(18), client: parsePrincipal('alice@AD.TEST') }
    const refusal = signInWithPassword(acceptor, userWith(seen).client, how)
    await expect(refusal).rejects.toMatchObject({ message, hint, status: 502 })
  })

  test('is told by the code of what was wrong', async () => {
    const cause = new RejectedTokenError('expired', { code: 'KRB_AP_ERR_TKT_EXPIRED' })
    const refused = signInWithPassword(saying({ status: 'refused', error: cause }).acceptor, userWith().client, how)
    await expect(refused).rejects.toMatchObject({ message, code: 'KRB_AP_ERR_TKT_EXPIRED', cause, status: 502 })
    const unfinished = signInWithPassword(saying({ status: 'continue' }).acceptor, userWith().client, how)
    await expect(unfinished).rejects.toMatchObject({ message, code: 'KRB_AP_ERR_MODIFIED', hint })
    const ours = new MissingKeyError('no key')
    await expect(
      signInWithPassword(saying({ status: 'refused', error: ours }).acceptor, userWith().client, how),
    ).rejects.toBe(ours)
  })
})
