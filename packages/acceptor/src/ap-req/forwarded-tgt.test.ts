import { encode, EncKrbCredPart, kerberosFlags, KeyUsage, KrbCred, parsePrincipal, TicketFlag } from '@s4u/krb5'
import type { EncryptedData, KrbCredInfo } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import type { AcceptorOptions } from '../options/acceptor-options.js'
import type { AcceptorEvent } from '../events/events.js'
import { HOUR, issue, keyOf, NOW, oddToken, REALM } from '../fixtures/issued-token.js'
import { accepted, acceptorWith, refused } from '../fixtures/outcomes.js'

const credential = issue({ flags: [] })
const subkey = keyOf(21)
const tgt = issue({ service: `krbtgt/${REALM}`, key: keyOf(90) }).ticket
/** `krbtgt/R@R'`, as a client may write it. */
const tgtFor = (realm: string, by: string) => ({
  ...tgt,
  realm: by,
  sname: { nameType: 2, nameString: ['krbtgt', realm] },
})
const alice = parsePrincipal('alice', { realm: REALM })
const info: KrbCredInfo = {
  key: keyOf(91),
  prealm: REALM,
  pname: alice.name,
  flags: kerberosFlags(TicketFlag.FORWARDABLE, TicketFlag.FORWARDED),
  endtime: NOW + HOUR,
}

type Sealing = (part: Uint8Array) => EncryptedData
const withSessionKey: Sealing = (part) => ({ etype: 18, cipher: credential.sessionKey.seal(KeyUsage.KRB_CRED, part) })
const withSubkey: Sealing = (part) => ({ etype: 18, cipher: subkey.seal(KeyUsage.KRB_CRED, part) })
const inClear: Sealing = (cipher) => ({ etype: 0, cipher })

function krbCred(sealing: Sealing, changes: Partial<KrbCredInfo> = {}, tickets = [tgt]): Uint8Array {
  const part = encode(EncKrbCredPart, { ticketInfo: [{ ...info, ...changes }], nonce: 1 })
  return encode(KrbCred, { tickets, encPart: sealing(part) })
}

const offer = (delegation: Uint8Array, options: AcceptorOptions = { forwardedTickets: 'use' }) =>
  acceptorWith(options).accept(oddToken(credential, { delegation, authenticator: { subkey } }))

describe('a forwarded TGT, by default,', () => {
  test.each([
    ['of the caller', krbCred(withSessionKey)],
    ['of somebody else', krbCred(withSessionKey, { pname: { nameType: 1, nameString: ['bob'] } })],
    ['that is nonsense', Uint8Array.of(0x76, 0)],
  ])('%s is not looked at, gives no level, and is told', async (_whose, delegation) => {
    const events: AcceptorEvent[] = []
    const { identity } = accepted(await offer(delegation, { onEvent: (event) => void events.push(event) }))
    expect(identity).toMatchObject({ principal: 'alice@AD.TEST', impersonationLevel: 'impersonation' })
    expect(identity.evidence).toMatchObject({ kind: 'ticket', forwardedTgt: undefined })
    expect(events).toMatchObject([{ kind: 'exchange', outcome: 'accepted', forwardedTicket: 'ignored' }])
  })

  test('leaves the level to the ticket that it came with', async () => {
    const forwardable = issue()
    const token = oddToken(forwardable, { delegation: krbCred(withSessionKey) })
    expect(accepted(await acceptorWith().accept(token)).identity.impersonationLevel).toBe('delegation')
  })

  test('is no event where none came', async () => {
    const events: AcceptorEvent[] = []
    accepted(await acceptorWith({ onEvent: (event) => void events.push(event) }).accept(oddToken(credential)))
    expect(events[0]).not.toHaveProperty('forwardedTicket')
  })
})

test.each(['yes', true, 'Use'])('what becomes of forwarded TGTs is one of two words, and not %s', (value) => {
  const options = { forwardedTickets: value } as unknown as AcceptorOptions
  expect(() => acceptorWith(options)).toThrow(/forwardedTickets must be one of ignore, use/)
})

describe('a forwarded TGT, where they are used,', () => {
  test.each([
    ['the session key', withSessionKey],
    ["the authenticator's subkey", withSubkey],
    ['nothing, as Heimdal does,', inClear],
  ])('sealed with %s is kept', async (_what, sealing) => {
    const { identity } = accepted(await offer(krbCred(sealing)))
    expect(identity.impersonationLevel).toBe('delegation')
    const { evidence } = identity
    if (evidence?.kind !== 'ticket') throw new Error('no ticket')
    expect(evidence.forwardable).toBe(false)
    expect(evidence.forwardedTgt).toMatchObject({
      client: alice,
      ticket: tgt,
      expiresAt: NOW + HOUR,
      flags: info.flags,
    })
    expect(evidence.forwardedTgt?.sessionKey.equals(info.key)).toBe(true)
  })

  test('without a name is that of the client', async () => {
    const { identity } = accepted(
      await offer(krbCred(withSessionKey, { pname: undefined, prealm: undefined, flags: undefined })),
    )
    expect(identity.evidence).toMatchObject({ forwardedTgt: { client: alice } })
  })

  test.each([
    ['another realm', 'EVIL.EXAMPLE', 'EVIL.EXAMPLE'],
    ['another realm, said to be by ours', 'EVIL.EXAMPLE', REALM],
    ['our realm, said to be by another', REALM, 'EVIL.EXAMPLE'],
    ['a realm that begins like ours', `${REALM}.EVIL.EXAMPLE`, REALM],
    ['no realm', '', ''],
  ])('for the KDC of %s is refused', async (_whose, realm, by) => {
    const { error } = refused(await offer(krbCred(withSessionKey, {}, [tgtFor(realm, by)])))
    expect(error).toMatchObject({ code: 'KRB_AP_ERR_BADMATCH', message: expect.stringContaining('another realm') })
    expect(error.message).not.toContain('EVIL')
  })

  test.each([
    ['of the client', 'PARTNER.TEST', 'PARTNER.TEST'],
    ['of the client, in another letter case', 'partner.test', 'Partner.Test'],
    ['of the service, by that of the client', REALM, 'PARTNER.TEST'],
    ['of the service', REALM, REALM],
  ])('for the KDC of the realm %s is kept', async (_whose, realm, by) => {
    const oscar = issue({ client: 'oscar', realm: 'PARTNER.TEST', flags: [], pac: false })
    const part = encode(EncKrbCredPart, { ticketInfo: [{ key: keyOf(91), endtime: NOW + HOUR }], nonce: 1 })
    const delegation = encode(KrbCred, { tickets: [tgtFor(realm, by)], encPart: withSessionKey(part) })
    const acceptor = acceptorWith({ forwardedTickets: 'use', trustedRealms: ['PARTNER.TEST'] })
    const { identity } = accepted(await acceptor.accept(oddToken(oscar, { delegation })))
    expect(identity.evidence).toMatchObject({ forwardedTgt: { ticket: { realm: by } } })
  })

  test.each([
    ['another name', { sname: { nameType: 2, nameString: ['krbtgt', 'EVIL.EXAMPLE'] } }],
    ['another realm', { srealm: 'EVIL.EXAMPLE' }],
  ])('that is described by %s than it bears is refused', async (_what, changes) => {
    expect(refused(await offer(krbCred(withSessionKey, changes))).error.code).toBe('KRB_AP_ERR_BADMATCH')
  })

  test('with a session key of a weak type is refused, unless those are allowed', async () => {
    const key = keyOf(91, 23)
    expect(refused(await offer(krbCred(withSessionKey, { key }))).error.code).toBe('KDC_ERR_ETYPE_NOSUPP')
    accepted(await offer(krbCred(withSessionKey, { key }), { forwardedTickets: 'use', allowWeakEncryption: true }))
  })

  test('is told', async () => {
    const events: AcceptorEvent[] = []
    const onEvent = (event: AcceptorEvent): void => void events.push(event)
    accepted(await offer(krbCred(withSessionKey), { forwardedTickets: 'use', onEvent }))
    expect(events).toMatchObject([{ forwardedTicket: 'kept', impersonationLevel: 'delegation' }])
  })

  test('of somebody else is refused', async () => {
    const pname = { nameType: 1, nameString: ['bob'] }
    expect(refused(await offer(krbCred(withSessionKey, { pname }))).error.code).toBe('KRB_AP_ERR_BADMATCH')
  })

  test('sealed with a key that nobody knows is refused', async () => {
    const sealing: Sealing = (part) => ({ etype: 18, cipher: keyOf(77).seal(KeyUsage.KRB_CRED, part) })
    expect(refused(await offer(krbCred(sealing))).error.code).toBe('KRB_AP_ERR_BAD_INTEGRITY')
  })

  test.each([
    ['two components, and another service', ['HTTP', REALM]],
    ['another service, of one component', ['HTTP']],
    ['one component', ['krbtgt']],
    ['three components', ['krbtgt', REALM, REALM]],
  ])('whose name has %s holds no TGT', async (_what, nameString) => {
    const other = { ...tgt, sname: { nameType: 2, nameString } }
    expect(refused(await offer(krbCred(withSessionKey, {}, [other]))).error).toMatchObject({
      code: 'KRB_AP_ERR_BADMATCH',
      message: 'the forwarded credential cannot be used: it holds no TGT',
    })
  })

  test('is found among other tickets', async () => {
    const part = encode(EncKrbCredPart, { ticketInfo: [{ ...info, key: keyOf(1) }, info], nonce: 1 })
    const delegation = encode(KrbCred, { tickets: [credential.ticket, tgt], encPart: withSessionKey(part) })
    const { evidence } = accepted(await offer(delegation)).identity
    expect(evidence).toMatchObject({ forwardedTgt: { ticket: tgt } })
    if (evidence?.kind === 'ticket') expect(evidence.forwardedTgt?.sessionKey.equals(info.key)).toBe(true)
  })

  test('comes with its times, and with what it says of itself', async () => {
    const onTheWire = { authtime: NOW - HOUR, starttime: NOW - 2_000, renewTill: NOW + 9 * HOUR }
    const times = { authenticatedAt: NOW - HOUR, startsAt: NOW - 2_000, renewableUntil: NOW + 9 * HOUR }
    const { identity } = accepted(await offer(krbCred(withSessionKey, onTheWire)))
    const { evidence } = identity
    if (evidence?.kind !== 'ticket') throw new Error('no ticket')
    const { sessionKey, ...told } = evidence.forwardedTgt ?? {}
    // The names on the wire are those of 0.1, which programs may still read.
    expect(told).toEqual({
      client: alice,
      ticket: tgt,
      flags: info.flags,
      expiresAt: NOW + HOUR,
      ...times,
      ...onTheWire,
    })
    expect(sessionKey?.equals(info.key)).toBe(true)
  })

  test('of which no flags are told has none', async () => {
    const { evidence } = accepted(await offer(krbCred(withSessionKey, { flags: undefined }))).identity
    expect(evidence).toMatchObject({ forwardedTgt: { flags: kerberosFlags() } })
  })

  test.each([
    ['two components, and another service', { sname: { nameType: 2, nameString: ['krbtgt', REALM, REALM] } }],
    ['another realm in the name', { sname: { nameType: 2, nameString: ['krbtgt', 'EVIL.EXAMPLE'] } }],
    ['another realm', { srealm: 'EVIL.EXAMPLE' }],
  ])('described by %s is refused with the reason', async (_what, changes) => {
    expect(refused(await offer(krbCred(withSessionKey, changes))).error).toMatchObject({
      name: 'RejectedTokenError',
      code: 'KRB_AP_ERR_BADMATCH',
      message: 'the forwarded credential cannot be used: it is described as a ticket for another service',
    })
  })

  test('described by its own name and realm, in any letter case of the realm, is kept', async () => {
    accepted(await offer(krbCred(withSessionKey, { sname: tgt.sname, srealm: 'ad.test' })))
  })

  test('for another KDC is refused with the reason, and one whose key is weak as well', async () => {
    expect(refused(await offer(krbCred(withSessionKey, {}, [tgtFor('EVIL.EXAMPLE', REALM)]))).error.message).toBe(
      'the forwarded credential cannot be used: it is one for the KDC of another realm than those of client and service',
    )
    expect(refused(await offer(krbCred(withSessionKey, { key: keyOf(91, 23) }))).error.message).toBe(
      'the session key of the forwarded ticket is of type rc4-hmac, which may not be used',
    )
  })

  test('that is flagged invalid is refused with the reason', async () => {
    const flags = kerberosFlags(TicketFlag.INVALID)
    expect(refused(await offer(krbCred(withSessionKey, { flags }))).error.message).toBe(
      'the forwarded credential cannot be used: it is not valid, or not known how long',
    )
  })

  test('is a copy, so that what is made of the request later does not change it', async () => {
    const delegation = krbCred(inClear)
    const token = oddToken(credential, { delegation, authenticator: { subkey } })
    const { evidence } = accepted(await acceptorWith({ forwardedTickets: 'use' }).accept(token)).identity
    if (evidence?.kind !== 'ticket') throw new Error('no ticket')
    const cipher = evidence.forwardedTgt?.ticket.encPart.cipher
    expect(cipher?.buffer.byteLength).toBeLessThan(token.length)
  })

  test('is refused with the reason', async () => {
    const messageOf = async (changes: Partial<KrbCredInfo>) =>
      refused(await offer(krbCred(withSessionKey, changes))).error.message.replace(/.*: /, '')
    expect(await messageOf({ srealm: 'B.TEST' })).toBe('it is described as a ticket for another service')
    expect(await messageOf({ pname: { nameType: 1, nameString: ['bob'] } })).toBe('it belongs to another client')
    expect(await messageOf({ prealm: 'B.TEST' })).toBe('it belongs to another client')
    expect(await messageOf({ endtime: undefined })).toBe('it is not valid, or not known how long')
  })

  test.each([
    ['a key that nobody knows', keyOf(77)],
    ['the key of the service', keyOf(1)],
  ])('sealed with %s, by a client without a subkey, is refused', async (_whose, key) => {
    const sealing: Sealing = (part) => ({ etype: 18, cipher: key.seal(KeyUsage.KRB_CRED, part) })
    const token = oddToken(credential, { delegation: krbCred(sealing), authenticator: { subkey: undefined } })
    const { error } = refused(await acceptorWith({ forwardedTickets: 'use' }).accept(token))
    expect(error).toMatchObject({ name: 'RejectedTokenError', code: 'KRB_AP_ERR_BAD_INTEGRITY' })
  })

  test('must be a TGT, valid and complete', async () => {
    expect(refused(await offer(krbCred(withSessionKey, {}, [credential.ticket]))).error.code).toBe(
      'KRB_AP_ERR_BADMATCH',
    )
    expect(refused(await offer(krbCred(withSessionKey, {}, [tgt, tgt]))).error.code).toBe('KRB_AP_ERR_BADMATCH')
    expect(refused(await offer(krbCred(withSessionKey, { endtime: undefined }))).error.code).toBe('KRB_AP_ERR_BADMATCH')
    const flags = kerberosFlags(TicketFlag.INVALID)
    expect(refused(await offer(krbCred(withSessionKey, { flags }))).error.code).toBe('KRB_AP_ERR_BADMATCH')
  })

  test('that is nonsense is malformed', async () => {
    expect(refused(await offer(Uint8Array.of(0x76, 0))).error.name).toBe('MalformedTokenError')
    expect(refused(await offer(krbCred((part) => inClear(part.subarray(1))))).error.name).toBe('MalformedTokenError')
  })
})
