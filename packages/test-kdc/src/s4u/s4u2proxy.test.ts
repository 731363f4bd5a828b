import { encode, hasFlag, KdcOption, kerberosFlags, PaPacRequest, PaType, TicketFlag } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { createAd, HOUR, NINE } from '../fixtures/ad-realm.js'
import {
  byProxy,
  type Credential,
  openAsService,
  principal,
  requestTicket,
  signInWithKeytab,
  signInWithPassword,
  spn,
  toSelf,
} from '../fixtures/bare-client.js'
import { reseal } from '../fixtures/reseal.js'
import { NT_STATUS } from '../kdc/refusal.js'
import type { TestRealm } from '../realm/test-realm.js'

const realm = await createAd()
const web = await signInWithKeytab(realm, 'web')
const keyOf = (service: string) => realm.keytabFor(service).entries[0].key
const api = 'HTTP/api.ad.test'
const data = 'HTTP/data.ad.test'

describe('S4U2Proxy', () => {
  test('gives a ticket in the user’s name after protocol transition', async () => {
    const evidence = await toSelf(realm, web, 'HTTP/web.ad.test', 'alice')
    const ticket = await byProxy(realm, web, evidence, api)
    expect(ticket.reply.cname).toEqual(principal('alice'))
    const { part, pac } = openAsService(realm, 'api', ticket)
    expect(part).toMatchObject({ cname: principal('alice'), crealm: 'AD.TEST' })
    expect(pac.sids()).toEqual(expect.arrayContaining(['S-1-18-2', realm.sidOf('Sales')]))
    expect(pac.delegationInfo).toEqual({ s4u2proxyTarget: api, transitedServices: ['HTTP/web.ad.test@AD.TEST'] })
    expect(hasFlag(part.flags, TicketFlag.FORWARDABLE)).toBe(true)
    expect(realm.exchanges.at(-1)).toMatchObject({
      kind: 'S4U2Proxy',
      user: 'alice@AD.TEST',
      client: 'web@AD.TEST',
      service: api,
      delegation: 'constrained',
    })
  })

  test('takes the ticket by which the user came as evidence', async () => {
    const kcd = await signInWithKeytab(realm, 'kcd')
    const evidence = await evidenceOf(realm, 'alice', 'wonderland', 'HTTP/kcd.ad.test')
    const { pac } = openAsService(realm, 'api', await byProxy(realm, kcd, evidence, api))
    expect(pac.sids()).toContain('S-1-18-1')
  })

  test('goes on from service to service, and the PAC says which way', async () => {
    const first = await byProxy(realm, web, await toSelf(realm, web, 'web', 'alice'), api)
    const second = await byProxy(realm, await signInWithKeytab(realm, 'api'), first, data)
    const { pac } = openAsService(realm, 'data', second)
    expect(pac.delegationInfo).toEqual({ s4u2proxyTarget: data, transitedServices: ['web@AD.TEST', `${api}@AD.TEST`] })
  })

  test('lets the target decide, even with evidence that is not forwardable', async () => {
    const plain = await signInWithKeytab(realm, 'plain')
    const notForwardable = await toSelf(realm, plain, 'plain', 'alice', { options: [] })
    expect(hasFlag(notForwardable.part.flags, TicketFlag.FORWARDABLE)).toBe(false)
    const { part } = await byProxy(realm, plain, notForwardable, data)
    expect(hasFlag(part.flags, TicketFlag.FORWARDABLE)).toBe(true)
    expect(realm.exchanges.at(-1)).toMatchObject({ delegation: 'resource-based' })
    const [, options] = part.encryptedPaData ?? []
    expect(options.padataType).toBe(PaType.PAC_OPTIONS)
  })

  test.each([['plain@AD.TEST'], ['PLAIN'], ['sid']])('knows the service by %s', async (entry) => {
    await using other = await createAd()
    other.change('api', { allowedToActOnBehalfOf: [entry === 'sid' ? other.sidOf('plain') : entry] })
    const plain = await signInWithKeytab(other, 'plain')
    await expect(byProxy(other, plain, await toSelf(other, plain, 'plain', 'alice'), api)).resolves.toMatchObject({
      reply: { cname: { nameString: ['alice'] } },
    })
  })

  test('never outlives TGT or evidence', async () => {
    const evidence = await toSelf(realm, web, 'web', 'alice', { till: NINE + HOUR })
    expect((await byProxy(realm, web, evidence, api)).part.endtime).toBe(NINE + HOUR)
  })
})

describe('S4U2Proxy is refused with NTSTATUS', () => {
  test.each([
    ['the target is not on the list, no RBCD bit', 'web', 'alice', data, false, 'STATUS_NO_MATCH'],
    ['the target is not on the list and grants nothing', 'web', 'alice', data, true, 'STATUS_NOT_FOUND'],
    ['there is no list, no RBCD bit', 'plain', 'alice', api, false, 'STATUS_NOT_SUPPORTED'],
    ['there is no list and the target grants nothing', 'plain', 'alice', api, true, 'STATUS_NOT_FOUND'],
    ['the service may not transition, no RBCD bit', 'kcd', 'alice', api, false, 'STATUS_NO_MATCH'],
    ['the service may not transition', 'kcd', 'alice', api, true, 'STATUS_ACCOUNT_RESTRICTION'],
    ['the user is sensitive', 'web', 'carol', api, true, 'STATUS_ACCOUNT_RESTRICTION'],
    ['the user is in Protected Users', 'web', 'paula', api, true, 'STATUS_ACCOUNT_RESTRICTION'],
    ['the user is sensitive, though the target grants it', 'plain', 'carol', data, true, 'STATUS_ACCOUNT_RESTRICTION'],
    [
      'the user is in Protected Users, though the target grants it',
      'plain',
      'paula',
      data,
      true,
      'STATUS_ACCOUNT_RESTRICTION',
    ],
  ] as const)('when %s', async (_title, service, user, target, resourceBased, status) => {
    const tgt = await signInWithKeytab(realm, service)
    const evidence = await toSelf(realm, tgt, service, user)
    const refusal = byProxy(realm, tgt, evidence, target, { resourceBased })
    await expect(refusal).rejects.toMatchObject({ message: 'KDC_ERR_BADOPTION', ntStatus: NT_STATUS[status] })
    expect(realm.exchanges.at(-1)).toMatchObject({ outcome: 'KDC_ERR_BADOPTION', ntStatus: status })
  })
})

describe('S4U2Proxy refuses', () => {
  test('evidence whose forwardable flag the service turned over: the bronze bit (CVE-2020-17049)', async () => {
    const kcd = await signInWithKeytab(realm, 'kcd')
    const evidence = await toSelf(realm, kcd, 'kcd', 'alice')
    const forged = reseal(evidence, keyOf('kcd'), (part) => ({
      ...part,
      flags: kerberosFlags(TicketFlag.FORWARDABLE, TicketFlag.PRE_AUTHENT),
    }))
    await expect(byProxy(realm, kcd, forged, api)).rejects.toThrow('KRB_AP_ERR_MODIFIED')
  })

  test('evidence in another’s name, or without PAC', async () => {
    const evidence = await toSelf(realm, web, 'web', 'alice')
    const renamed = reseal(evidence, keyOf('web'), (part) => ({ ...part, cname: principal('carol') }))
    await expect(byProxy(realm, web, renamed, api)).rejects.toThrow('KRB_AP_ERR_MODIFIED')
    const bare = reseal(evidence, keyOf('web'), (part) => ({ ...part, authorizationData: undefined }))
    await expect(byProxy(realm, web, bare, api)).rejects.toThrow('KDC_ERR_TGT_REVOKED')
    const padata = [{ padataType: PaType.PAC_REQUEST, padataValue: encode(PaPacRequest, { includePac: false }) }]
    const alice = await signInWithPassword(realm, 'alice', 'wonderland', { padata })
    const honest = await requestTicket(realm, alice, spn('HTTP/web.ad.test'))
    await expect(byProxy(realm, web, honest, api)).rejects.toThrow('KDC_ERR_TGT_REVOKED')
  })

  test('evidence that does not open, is for another service, is a TGT, has expired, or is missing', async () => {
    const evidence = await toSelf(realm, web, 'web', 'alice')
    const cipher = evidence.ticket.encPart.cipher.slice()
    cipher[50] ^= 1
    const broken = { ...evidence, ticket: { ...evidence.ticket, encPart: { ...evidence.ticket.encPart, cipher } } }
    await expect(byProxy(realm, web, broken, api)).rejects.toThrow('KRB_AP_ERR_MODIFIED')
    const others = await evidenceOf(realm, 'alice', 'wonderland', 'HTTP/plain.ad.test')
    await expect(byProxy(realm, web, others, api)).rejects.toThrow('KRB_AP_ERR_BADMATCH')
    await expect(byProxy(realm, web, web, api)).rejects.toThrow('KDC_ERR_BADOPTION')
    await expect(byProxy(realm, web, evidence, api, { additionalTickets: [] })).rejects.toThrow('KDC_ERR_BADOPTION')
    await using late = await createAd()
    const tgt = await signInWithKeytab(late, 'web')
    const short = await toSelf(late, tgt, 'web', 'alice', { till: NINE + HOUR })
    late.now = NINE + HOUR
    await expect(byProxy(late, tgt, short, api)).rejects.toThrow('KRB_AP_ERR_TKT_EXPIRED')
  })

  test('the KDC as target, an unknown target, a disabled user', async () => {
    const evidence = await toSelf(realm, web, 'web', 'alice')
    await expect(byProxy(realm, web, evidence, 'krbtgt/AD.TEST')).rejects.toThrow('KDC_ERR_BADOPTION')
    await expect(byProxy(realm, web, evidence, 'HTTP/nowhere.ad.test')).rejects.toThrow('KDC_ERR_S_PRINCIPAL_UNKNOWN')
    await using other = await createAd()
    const tgt = await signInWithKeytab(other, 'web')
    const mine = await toSelf(other, tgt, 'web', 'alice')
    other.change('alice', { disabled: true })
    await expect(byProxy(other, tgt, mine, api)).rejects.toThrow('KDC_ERR_CLIENT_REVOKED')
  })

  test('old evidence after the service has changed its key', async () => {
    await using other = await createAd()
    const tgt = await signInWithKeytab(other, 'web')
    const evidence = await toSelf(other, tgt, 'web', 'alice')
    await other.changePassword('web')
    await expect(byProxy(other, tgt, evidence, api)).rejects.toThrow('KRB_AP_ERR_MODIFIED')
  })
})

async function evidenceOf(from: TestRealm, user: string, password: string, service: string): Promise<Credential> {
  const options = [KdcOption.FORWARDABLE]
  return requestTicket(from, await signInWithPassword(from, user, password, { options }), spn(service), { options })
}
