import { decode, EncKrbCredPart, kerberosFlags, Key, KeyUsage, KrbCred, openEncryptedData, TicketFlag } from '@s4u/krb5'
import { expect, test } from 'vitest'
import { type ForwardableCredential, sealForwardedCredential } from './forwarded-credential.js'

const keyOf = (octet: number) => new Key(18, new Uint8Array(32).fill(octet))
const client = { name: { nameType: 1, nameString: ['alice'] }, realm: 'AD.TEST' }
const service = { name: { nameType: 2, nameString: ['krbtgt', 'AD.TEST'] }, realm: 'AD.TEST' }
const tgt: ForwardableCredential = {
  client,
  service,
  ticket: { realm: 'AD.TEST', sname: service.name, encPart: { etype: 18, cipher: new Uint8Array(40) } },
  sessionKey: keyOf(1),
  flags: kerberosFlags(TicketFlag.FORWARDABLE, TicketFlag.FORWARDED),
  authenticatedAt: 1_000,
  startsAt: 2_000,
  expiresAt: 3_000,
}

test('a forwarded credential opens with the session key of the ticket to the service, and says whose it is', () => {
  const { tickets, encPart } = decode(KrbCred, sealForwardedCredential(tgt, keyOf(2)))
  expect(tickets).toEqual([tgt.ticket])
  const { ticketInfo } = decode(EncKrbCredPart, openEncryptedData(encPart, keyOf(2), KeyUsage.KRB_CRED))
  expect(ticketInfo).toMatchObject([{ pname: client.name, prealm: 'AD.TEST', sname: service.name, endtime: 3_000 }])
  expect(ticketInfo[0].key.equals(tgt.sessionKey)).toBe(true)
})

test("a client's own ticket-granting ticket is not handed on", () => {
  const own = { ...tgt, flags: kerberosFlags(TicketFlag.FORWARDABLE) }
  expect(() => sealForwardedCredential(own, keyOf(2))).toThrow(
    expect.objectContaining({
      name: 'ConfigurationError',
      message: 'the ticket-granting ticket was not issued to be forwarded',
      hint: 'Give what client.tgtToForward() resolves to: a ticket-granting ticket with the flag FORWARDED.',
    }),
  )
})

test('a ticket to a service is not handed on', () => {
  const ticket = { ...tgt.ticket, sname: { nameType: 2, nameString: ['HTTP', 'web.ad.test'] } }
  expect(() => sealForwardedCredential({ ...tgt, ticket }, keyOf(2))).toThrow('only a ticket-granting ticket')
})

test('it says all of what its receiver must know of the ticket, and until when it can be renewed', () => {
  const infoOf = (given: ForwardableCredential) => {
    const { encPart } = decode(KrbCred, sealForwardedCredential(given, keyOf(2)))
    const [{ key: _key, ...info }] = decode(
      EncKrbCredPart,
      openEncryptedData(encPart, keyOf(2), KeyUsage.KRB_CRED),
    ).ticketInfo
    return info
  }
  const all = {
    prealm: 'AD.TEST',
    pname: client.name,
    flags: tgt.flags,
    authtime: 1_000,
    starttime: 2_000,
    endtime: 3_000,
    renewTill: undefined,
    srealm: 'AD.TEST',
    sname: service.name,
    caddr: undefined,
  }
  expect(infoOf(tgt)).toEqual(all)
  expect(infoOf({ ...tgt, renewableUntil: 9_000 })).toEqual({ ...all, renewTill: 9_000 })
})
