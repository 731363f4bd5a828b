import { openTicket, Pac } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { createTestRealm } from '../create-test-realm.js'
import { createAd, NINE } from '../fixtures/ad-realm.js'
import {
  byProxy,
  type Credential,
  principal,
  requestTicket,
  signInWithKeytab,
  toSelf,
} from '../fixtures/bare-client.js'
import { copiedPac } from '../tickets/pac-of.js'
import { stateOf } from '../realm/realm-state.js'
import { pacBytesOf, sealTicket } from '../tickets/ticket-seal.js'

const ad = await createAd()
const partner = await createTestRealm({
  realm: 'PARTNER.TEST',
  now: NINE,
  services: { shop: { spns: ['HTTP/shop.partner.test'], allowedToActOnBehalfOf: ['plain@AD.TEST'] } },
  trusts: [ad],
})
const shop = 'HTTP/shop.partner.test'

describe('evidence that comes by referral is refused', () => {
  test('when it is that of another service, whatever the target would allow', async () => {
    const [plain, web] = [await referralsOf('plain'), await referralsOf('web')]
    await expect(byProxy(ad, plain.own, plain.about, shop)).resolves.toMatchObject({
      reply: { cname: { nameString: ['alice'] } },
    })
    await expect(byProxy(ad, plain.own, web.about, shop)).rejects.toThrow('KDC_ERR_BADOPTION')
    expect(partner.exchanges.at(-1)?.reason).toBe('the evidence is another service’s')
    await expect(byProxy(ad, web.own, plain.about, shop)).rejects.toThrow('KDC_ERR_BADOPTION')
    expect(partner.exchanges.at(-1)?.reason).toBe('the evidence is another service’s')
  })

  test.each(['alice', '@AD.TEST'])('when its PAC speaks of %s, which is no user with realm', async (clientName) => {
    const { own, about } = await referralsOf('plain')
    await expect(byProxy(ad, own, sayingOf(about, clientName), shop)).rejects.toThrow('KDC_ERR_BADOPTION')
    expect(partner.exchanges.at(-1)?.reason).toBe('the PAC of the evidence names no user with realm')
  })
})

/**
 * The two tickets that travel to the other realm: one that is the service's, and one that speaks of
 * the user.
 */
async function referralsOf(service: string): Promise<{ own: Credential; about: Credential }> {
  const tgt = await signInWithKeytab(ad, service)
  const about = await byProxy(ad, tgt, await toSelf(ad, tgt, service, 'alice'), shop)
  return { own: await requestTicket(ad, tgt, principal('krbtgt', 'PARTNER.TEST')), about }
}

/** As the KDC of the service would have issued it, had it another idea of names. */
function sayingOf(about: Credential, clientName: string): Credential {
  const { kdc, directory } = stateOf(ad)
  const key = directory.trusts[0].outbound
  const { authorizationData: _replaced, ...part } = openTicket(about.ticket, key).encTicketPart
  const bytes = pacBytesOf(openTicket(about.ticket, key).encTicketPart) ?? new Uint8Array(0)
  const pac = copiedPac(Pac.decode(bytes), { clientName, ticketGranting: true })
  const target = { realm: 'AD.TEST', sname: about.ticket.sname, key, ticketGranting: true }
  return { ...about, ticket: sealTicket(kdc, target, { ...part, pac }) }
}
