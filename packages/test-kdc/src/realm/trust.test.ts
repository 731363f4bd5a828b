import { hasFlag, KdcOption, NameType, TicketFlag } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { createTestRealm } from '../create-test-realm.js'
import { createAd, NINE } from '../fixtures/ad-realm.js'
import {
  byProxy,
  type Credential,
  enterprise,
  forUser,
  openAsService,
  principal,
  requestTicket,
  resourceBasedOption,
  signIn,
  signInWithKeytab,
  signInWithPassword,
  spn,
} from '../fixtures/bare-client.js'

// AD.TEST trusts PARTNER.TEST, which trusts FAR.TEST: the way from the first to the last leads
// through the second.
const ad = await createAd()
const partner = await createTestRealm({
  realm: 'PARTNER.TEST',
  now: NINE,
  users: { pat: { password: 'partner', groups: ['Buyers'] }, sid: { password: 'sensitive', sensitive: true } },
  services: {
    shop: { spns: ['HTTP/shop.partner.test'], allowedToActOnBehalfOf: ['plain@AD.TEST'] },
    till: { spns: ['HTTP/till.partner.test'] },
  },
  trusts: [ad],
})
const far = await createTestRealm({
  realm: 'FAR.TEST',
  now: NINE,
  users: { fay: { password: 'faraway' } },
  services: { depot: { spns: ['HTTP/depot.far.test'], allowedToActOnBehalfOf: ['plain@AD.TEST'] } },
  trusts: [partner],
})
const alice = await signInWithPassword(ad, 'alice', 'wonderland')
const shop = spn('HTTP/shop.partner.test')
const tgtName = (realm: string) => principal('krbtgt', realm)

describe('between two realms', () => {
  test('a host of the other realm gets a referral, and there a ticket with the user’s groups', async () => {
    const referral = await requestTicket(ad, alice, shop)
    expect(referral.ticket).toMatchObject({ realm: 'AD.TEST', sname: tgtName('PARTNER.TEST') })
    expect(ad.exchanges.at(-1)?.outcome).toBe('referral')
    const { part, pac } = openAsService(partner, 'shop', await requestTicket(ad, referral, shop))
    expect(part).toMatchObject({ crealm: 'AD.TEST', cname: principal('alice') })
    expect(hasFlag(part.flags, TicketFlag.TRANSITED_POLICY_CHECKED)).toBe(true)
    expect(pac.sids()).toContain(ad.sidOf('Sales'))
    expect(part.transited.contents).toHaveLength(0)
  })

  test('the way to a third realm leads through the second, which is noted', async () => {
    const depot = spn('HTTP/depot.far.test')
    const first = await requestTicket(ad, alice, depot)
    expect(first.ticket.sname).toEqual(tgtName('PARTNER.TEST'))
    const second = await requestTicket(ad, first, depot)
    expect(second.ticket.sname).toEqual(tgtName('FAR.TEST'))
    const { part } = openAsService(far, 'depot', await requestTicket(ad, second, depot))
    expect(new TextDecoder().decode(part.transited.contents)).toBe('PARTNER.TEST')
    expect((await requestTicket(ad, alice, tgtName('FAR.TEST'))).ticket.sname).toEqual(tgtName('PARTNER.TEST'))
  })

  test('an enterprise name of the other realm’s user is sent there', async () => {
    const refused = signIn(ad, enterprise('pat@partner.test'), undefined)
    await expect(refused).rejects.toMatchObject({ message: 'KDC_ERR_WRONG_REALM', error: { crealm: 'PARTNER.TEST' } })
  })

  test('a client of our own, vouched for by another realm, is refused', async () => {
    const abroad = await requestTicket(ad, alice, tgtName('PARTNER.TEST'))
    const home = await requestTicket(ad, abroad, tgtName('AD.TEST'))
    await expect(requestTicket(ad, home, spn('HTTP/web.ad.test'))).rejects.toThrow('KDC_ERR_POLICY')
  })

  test('a realm that nobody trusts has no key here', async () => {
    await using stranger = await createAd({ realm: 'STRANGER.TEST' })
    const tgt = await signInWithPassword(stranger, 'alice', 'wonderland')
    const request = requestTicket(stranger, { ...tgt, ticket: { ...tgt.ticket, sname: tgtName('AD.TEST') } }, shop)
    await expect(request).rejects.toThrow('KRB_AP_ERR_NOT_US')
  })

  test('a trust with a real realm has the keys that MIT makes of its password', async () => {
    await using here = await createAd({
      trusts: [{ realm: 'EAST.TEST', password: 'trust-me', domains: ['east.example'] }],
    })
    const tgt = await signInWithPassword(here, 'alice', 'wonderland')
    const { ticket } = await requestTicket(here, tgt, spn('HTTP/www.east.example:8080'))
    expect(ticket.sname).toEqual(tgtName('EAST.TEST'))
    await expect(createAd({ trusts: [{ realm: 'EAST.TEST' }] })).rejects.toThrow('no password')
  })
})

describe('S4U2Self for a user of another realm', () => {
  const ask = (tgt: Credential, sname = enterprise('web@AD.TEST'), user = principal('pat'), realm = 'PARTNER.TEST') =>
    requestTicket(ad, tgt, sname, { options: [KdcOption.FORWARDABLE], padata: [forUser(tgt, user, realm)] })

  test('walks to the user’s realm and back with the PAC of the user', async () => {
    const web = await signInWithKeytab(ad, 'web')
    const towards = await ask(web, principal('web'))
    expect(towards.ticket.sname).toEqual(tgtName('PARTNER.TEST'))
    expect(towards.reply.cname).toEqual(principal('web'))
    const back = await ask(towards)
    expect(back.ticket.sname).toEqual(tgtName('AD.TEST'))
    expect(back.reply).toMatchObject({ crealm: 'AD.TEST', cname: principal('web') })
    const evidence = await ask(back, principal('web'))
    expect(evidence.reply).toMatchObject({ crealm: 'PARTNER.TEST', cname: principal('pat') })
    const { pac } = openAsService(ad, 'web', evidence)
    expect(pac.clientInfo?.name).toBe('pat')
    expect(pac.sids()).toEqual(expect.arrayContaining([partner.sidOf('Buyers'), 'S-1-18-2']))
    const ticket = await byProxy(ad, web, evidence, 'HTTP/api.ad.test')
    expect(openAsService(ad, 'api', ticket).part).toMatchObject({ crealm: 'PARTNER.TEST', cname: principal('pat') })
  })

  test('is not forwardable for a user who is sensitive there', async () => {
    const towards = await ask(await signInWithKeytab(ad, 'web'), principal('web'), principal('sid'))
    const back = await ask(towards, enterprise('web@AD.TEST'), principal('sid'))
    const { part } = await ask(back, principal('web'), principal('sid'))
    expect(hasFlag(part.flags, TicketFlag.FORWARDABLE)).toBe(false)
  })

  test('walks through a realm in between', async () => {
    const user = principal('fay')
    const first = await ask(await signInWithKeytab(ad, 'web'), principal('web'), user, 'FAR.TEST')
    const second = await ask(first, enterprise('web@AD.TEST'), user, 'FAR.TEST')
    expect(second.ticket.sname).toEqual(tgtName('FAR.TEST'))
    const third = await ask(second, enterprise('web@AD.TEST'), user, 'FAR.TEST')
    expect(third.ticket.sname).toEqual(tgtName('PARTNER.TEST'))
    const fourth = await ask(third, enterprise('web@AD.TEST'), user, 'FAR.TEST')
    const { reply } = await ask(fourth, principal('web'), user, 'FAR.TEST')
    expect(reply).toMatchObject({ crealm: 'FAR.TEST', cname: user })
  })

  test('is refused for another user than the PAC speaks of, for a foreign service, for an unknown realm', async () => {
    const web = await signInWithKeytab(ad, 'web')
    const back = await ask(await ask(web, principal('web')))
    const other = await ask(back, principal('web'), principal('sid')).catch((error: Error) => error.message)
    expect(other).toBe('KDC_ERR_POLICY')
    await expect(ask(await ask(web, principal('web')), enterprise('depot@FAR.TEST'))).rejects.toThrow(
      'KRB_AP_ERR_BADMATCH',
    )
    await expect(ask(web, principal('web'), principal('x'), 'NOWHERE.TEST')).rejects.toThrow(
      'KDC_ERR_C_PRINCIPAL_UNKNOWN',
    )
  })

  test('gives no ticket but to the service itself', async () => {
    const back = await ask(await ask(await signInWithKeytab(ad, 'web'), principal('web')))
    await expect(requestTicket(ad, back, spn('HTTP/api.ad.test'))).rejects.toThrow('KDC_ERR_POLICY')
    await expect(ask(back, principal('api'))).rejects.toThrow('KRB_AP_ERR_BADMATCH')
  })
})

describe('S4U2Proxy to a target in another realm', () => {
  const options = [KdcOption.FORWARDABLE, KdcOption.CNAME_IN_ADDL_TKT]

  async function evidenceOf(service: string) {
    const tgt = await signInWithKeytab(ad, service)
    const evidence = await requestTicket(ad, tgt, principal(service), {
      padata: [forUser(tgt, principal('alice'), 'AD.TEST')],
    })
    return { tgt, evidence }
  }

  test('is the target’s to allow; two tickets travel', async () => {
    const { tgt, evidence } = await evidenceOf('plain')
    const about = await byProxy(ad, tgt, evidence, 'HTTP/shop.partner.test')
    expect(about.reply.cname).toEqual(principal('plain'))
    expect(about.ticket.sname).toEqual(tgtName('PARTNER.TEST'))
    const own = await requestTicket(ad, tgt, tgtName('PARTNER.TEST'))
    const ticket = await byProxy(ad, own, about, 'HTTP/shop.partner.test')
    expect(ticket.reply).toMatchObject({
      crealm: 'AD.TEST',
      cname: { nameType: NameType.PRINCIPAL, nameString: ['alice'] },
    })
    const { pac } = openAsService(partner, 'shop', ticket)
    expect(pac.clientInfo?.name).toBe('alice')
    expect(pac.delegationInfo).toEqual({
      s4u2proxyTarget: 'HTTP/shop.partner.test',
      transitedServices: ['plain@AD.TEST'],
    })
    expect(pac.sids()).toContain(ad.sidOf('Sales'))
  })

  test('works through a realm in between', async () => {
    const { tgt, evidence } = await evidenceOf('plain')
    const target = 'HTTP/depot.far.test'
    const about = await byProxy(ad, tgt, evidence, target)
    const aboutFurther = await requestTicket(ad, about, tgtName('FAR.TEST'))
    const own = await requestTicket(ad, await requestTicket(ad, tgt, tgtName('FAR.TEST')), tgtName('FAR.TEST'))
    const { part } = openAsService(far, 'depot', await byProxy(ad, own, aboutFurther, target))
    expect(part).toMatchObject({ crealm: 'AD.TEST', cname: principal('alice') })
  })

  test('is one hop however many realms lie between', async () => {
    const { tgt, evidence } = await evidenceOf('plain')
    const target = 'HTTP/depot.far.test'
    const about = await byProxy(ad, tgt, evidence, target)
    const own = await requestTicket(ad, tgt, tgtName('PARTNER.TEST'))
    const aboutFurther = await byProxy(ad, own, about, target)
    expect(aboutFurther.ticket.sname).toEqual(tgtName('FAR.TEST'))
    const ownFurther = await requestTicket(ad, own, tgtName('FAR.TEST'))
    const { part, pac } = openAsService(far, 'depot', await byProxy(ad, ownFurther, aboutFurther, target))
    expect(part).toMatchObject({ crealm: 'AD.TEST', cname: principal('alice') })
    expect(pac.delegationInfo).toEqual({ s4u2proxyTarget: target, transitedServices: ['plain@AD.TEST'] })
  })

  test('leaves nothing behind that is worth a ticket of the service’s own: its PAC speaks of the user', async () => {
    const { tgt, evidence } = await evidenceOf('plain')
    const about = await byProxy(ad, tgt, evidence, 'HTTP/shop.partner.test')
    await expect(requestTicket(ad, about, spn('HTTP/till.partner.test'))).rejects.toThrow('KDC_ERR_BADOPTION')
    expect(partner.exchanges.at(-1)?.reason).toBe('the PAC speaks of another client than the ticket')
  })

  test('is refused without RBCD bit, where the target grants nothing, and with evidence for another target', async () => {
    const { tgt, evidence } = await evidenceOf('plain')
    const without = byProxy(ad, tgt, evidence, 'HTTP/shop.partner.test', { resourceBased: false })
    await expect(without).rejects.toMatchObject({ message: 'KDC_ERR_BADOPTION', ntStatus: 0xc00000bb })
    const own = await requestTicket(ad, tgt, tgtName('PARTNER.TEST'))
    const aboutTill = await byProxy(ad, tgt, evidence, 'HTTP/till.partner.test')
    const ungranted = byProxy(ad, own, aboutTill, 'HTTP/till.partner.test')
    await expect(ungranted).rejects.toMatchObject({ message: 'KDC_ERR_BADOPTION', ntStatus: 0xc0000225 })
    await expect(byProxy(ad, own, aboutTill, 'HTTP/shop.partner.test')).rejects.toThrow('KDC_ERR_BADOPTION')
    const final = { options, additionalTickets: [evidence.ticket], padata: [resourceBasedOption] }
    await expect(requestTicket(ad, own, shop, final)).rejects.toThrow('KDC_ERR_BADOPTION')
  })
})
