import type { PacContents } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { createTestRealm } from '../create-test-realm.js'
import { createAd, NINE } from '../fixtures/ad-realm.js'
import {
  forUser,
  openAsService,
  principal,
  requestTicket,
  signInWithKeytab,
  signInWithPassword,
  spn,
  enterprise,
} from '../fixtures/bare-client.js'
import type { TestRealm } from '../realm/test-realm.js'

const web = spn('HTTP/web.ad.test')
const sids = (...list: readonly string[]) => list.map((sid) => ({ sid, attributes: 7 }))

/** AD.TEST, and PARTNER.TEST whose KDC writes what the test says. */
async function realms(sidFiltering?: boolean) {
  const ad = await createAd()
  let write = (contents: PacContents): PacContents => contents
  const partner = await createTestRealm({
    realm: 'PARTNER.TEST',
    now: NINE,
    users: { pat: { password: 'partner', groups: ['Buyers'] } },
    trusts: [{ realm: ad, ...(sidFiltering !== undefined && { sidFiltering }) }],
    writePac: (contents) => write(contents),
  })
  const pacOfPat = async () => {
    const tgt = await signInWithPassword(partner, 'pat', 'partner')
    const referral = await requestTicket(partner, tgt, web)
    return openAsService(ad, 'web', await requestTicket(ad, referral, web)).pac
  }
  return { ad, partner, pacOfPat, set: (next: typeof write) => (write = next) }
}

const saying =
  (changes: object, more: Partial<PacContents> = {}) =>
  (contents: PacContents): PacContents => ({
    ...contents,
    ...(contents.logonInfo && { logonInfo: { ...contents.logonInfo, ...changes } }),
    ...more,
  })

const clientClaims = [{ source: 1, claims: [{ id: 'a', type: 'string', values: ['b'] } as const] }]

describe('a trust', () => {
  test('lets pass which SIDs are of a domain behind it, and how the user signed in', async () => {
    const { ad, partner, pacOfPat, set } = await realms()
    const resource = { resourceGroupDomainSid: partner.domainSid, resourceGroups: [{ relativeId: 1, attributes: 7 }] }
    const extra = sids(
      'S-1-18-1',
      `${ad.domainSid}-512`,
      'S-1-5-21-9-9-9-1',
      'S-1-5-32-544',
      `${partner.domainSid}-512`,
    )
    set(saying({ extraSids: extra, userFlags: 0x220, ...resource }, { clientClaims }))
    const pac = await pacOfPat()
    expect(pac.sids()).toEqual([
      partner.sidOf('pat'),
      `${partner.domainSid}-513`,
      partner.sidOf('Buyers'),
      'S-1-18-1',
      `${partner.domainSid}-512`,
    ])
    expect(pac).toMatchObject({ clientClaims: undefined, upnDnsInfo: { upn: 'pat@partner.test' } })
  })

  test.each([
    ['of this realm', (ad: TestRealm) => ({ logonDomainId: ad.domainSid })],
    ['of a realm that is not behind it', () => ({ logonDomainId: 'S-1-5-21-9-9-9' })],
    ['of this realm by the SID of its own', (ad: TestRealm) => ({ userId: 0, extraSids: sids(`${ad.domainSid}-500`) })],
  ])('lets nobody pass who is said to be %s', async (_whose, changes) => {
    const { ad, pacOfPat, set } = await realms()
    set(saying(changes(ad)))
    await expect(pacOfPat()).rejects.toThrow('KDC_ERR_POLICY')
    expect(ad.exchanges.at(-1)?.reason).toContain('is not behind the trust')
  })

  test('lets everything pass where it is told to', async () => {
    const { ad, pacOfPat, set } = await realms(false)
    set(saying({ logonDomainId: ad.domainSid, userId: 500, extraSids: sids('S-1-5-32-544') }, { clientClaims }))
    const pac = await pacOfPat()
    expect(pac.userSid).toBe(`${ad.domainSid}-500`)
    expect(pac.sids()).toContain('S-1-5-32-544')
    expect(pac.clientClaims).toEqual(clientClaims)
  })

  test('filters what S4U2Self brings back, too', async () => {
    for (const sidFiltering of [true, false]) {
      const { ad, partner, set } = await realms(sidFiltering)
      set(saying({ extraSids: sids('S-1-18-2', `${ad.domainSid}-512`) }))
      const self = await signInWithKeytab(ad, 'web')
      const ask = (tgt: typeof self, sname = enterprise('web@AD.TEST')) =>
        requestTicket(sname.nameString[0] === 'web' || tgt === self ? ad : partner, tgt, sname, {
          padata: [forUser(tgt, principal('pat'), 'PARTNER.TEST')],
        })
      const back = await ask(await ask(self, principal('web')))
      const { pac } = openAsService(ad, 'web', await ask(back, principal('web')))
      expect(pac.sids().includes(`${ad.domainSid}-512`)).toBe(!sidFiltering)
    }
  })

  test('with a real realm lets no SID of this one pass', async () => {
    const shared = 'trust-me'
    const ad = await createAd({ trusts: [{ realm: 'REAL.TEST', password: shared }] })
    const real = await createTestRealm({
      realm: 'REAL.TEST',
      now: NINE,
      users: { pat: { password: 'partner', groups: [`${ad.domainSid}-512`, 'S-1-5-21-9-9-9-1', 'S-1-5-32-544'] } },
      trusts: [{ realm: 'AD.TEST', password: shared }],
    })
    const tgt = await signInWithPassword(real, 'pat', 'partner')
    const ticket = await requestTicket(ad, await requestTicket(real, tgt, web), web)
    const { pac } = openAsService(ad, 'web', ticket)
    expect(pac.sids().filter((sid) => !sid.startsWith(real.domainSid))).toEqual(['S-1-5-21-9-9-9-1', 'S-1-18-1'])
  })
})
