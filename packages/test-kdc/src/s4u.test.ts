import { hasFlag, TicketFlag } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { createTestRealm } from './create-test-realm.js'
import { byProxy, openAsService, requestTicket, signInWithKeytab, signInWithPassword, spn, toSelf } from './fixtures/bare-client.js'

describe('a realm', () => {
  test('signs a user in and gives tickets', async () => {
    await using realm = await createTestRealm({
      realm: 'AD.TEST',
      users: { alice: { password: 'wonderland', groups: ['Sales'] } },
      services: {
        web: { spns: ['HTTP/web.ad.test'], trustedToAuthForDelegation: true, allowedToDelegateTo: ['HTTP/api.ad.test'] },
        api: { spns: ['HTTP/api.ad.test'] },
      },
    })
    const tgt = await signInWithPassword(realm, 'alice', 'wonderland')
    const ticket = await requestTicket(realm, tgt, spn('HTTP/web.ad.test'))
    const { part, pac } = openAsService(realm, 'web', ticket)
    expect(part.cname.nameString).toEqual(['alice'])
    expect(pac.sids()).toContain(realm.sidOf('Sales'))
    const webTgt = await signInWithKeytab(realm, 'web')
    const evidence = await toSelf(realm, webTgt, 'HTTP/web.ad.test', 'alice')
    expect(hasFlag(evidence.part.flags, TicketFlag.FORWARDABLE)).toBe(true)
    const proxied = await byProxy(realm, webTgt, evidence, 'HTTP/api.ad.test')
    const seen = openAsService(realm, 'api', proxied)
    expect(seen.part.cname.nameString).toEqual(['alice'])
    expect(seen.pac.delegationInfo).toEqual({ s4u2proxyTarget: 'HTTP/api.ad.test', transitedServices: ['HTTP/web.ad.test@AD.TEST'] })
  })
})
