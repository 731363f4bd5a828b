import { createInitiator, formatAuthorization } from '@s4u/gssapi'
import { createKdcClient, isForwardable } from '@s4u/kdc-client'
import { createNegotiator } from '@s4u/negotiate'
import { expect, test } from 'vitest'
import { kinit, realmOf, sambaTool } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { expectRefusal } from '../diagnosis/refusal.js'
import { Place } from '../diagnosis/place.js'

const BADOPTION = { code: 'KDC_ERR_BADOPTION' }
const FIREWALL = { code: 'KDC_ERR_POLICY', ntStatus: 'STATUS_AUTHENTICATION_FIREWALL_FAILED' }

/**
 * This KDC gives the same codes for other causes than an older one, and has causes that no other
 * has.
 */
await describeRealms('what Samba 4.22 refuses is explained', ['NEWCORP', 'NEWPARTNER'], (info) => {
  const realm = realmOf(info, 'NEWCORP')
  const { strict, web, api, kcd } = realm.services
  const at = new Place(info, 'NEWCORP')
  const kdc = `${realm.kdc.host}:${realm.kdc.port}`

  test('a policy of the target, which does not know the service that delegates; without it, all is well', async () => {
    const attempt = () => at.vouch('broker', 'alice', 'strict')
    await expectRefusal(attempt(), {
      ...FIREWALL,
      reason: 'refused-by-policy',
      hint: /authentication policy[^]*samba-tool user auth policy remove ACCOUNT/,
    })
    const { hint } = await attempt().then(
      () => ({ hint: 'it was granted' }),
      (error: { hint: string }) => error,
    )
    expect(hint).not.toContain('msDS-AllowedToDelegateTo')
    await sambaTool(realm, 'user', 'auth', 'policy', 'remove', 'svc-strict')
    try {
      expect((await attempt()).service.name.nameString.join('/')).toBe(strict.spn)
    } finally {
      await sambaTool(realm, 'user', 'auth', 'policy', 'assign', 'svc-strict', '--policy=payroll')
    }
  })

  test('a policy of the target, which does not know the user', () =>
    expectRefusal(at.user('bob').ticketFor(strict.spn), { ...FIREWALL, hint: /allowed to authenticate to/ }))

  test('a policy of the user, who signs in from nowhere', () =>
    expectRefusal(at.signIn('walter'), {
      ...{ code: 'KDC_ERR_POLICY', ntStatus: 'STATUS_INVALID_WORKSTATION' },
      hint: /name such a device in the option armor: \{ keytab \}/,
    }))

  test.each([
    ['a sensitive account', 'carol', /NOT_DELEGATED[^]*samba-tool user sensitive carol off/],
    ['Protected Users', 'dave', /samba-tool group removemembers 'Protected Users' dave/],
  ])('evidence that is not forwardable because of %s', (_what, user, hint) =>
    expectRefusal(at.present('kcd', user, 'api'), { ...BADOPTION, reason: 'evidence-not-forwardable', hint }),
  )

  test('evidence that is not forwardable because its user did not ask for it', async () => {
    const { ccache } = await kinit(info, 'NEWCORP', 'bob', { flags: ['-F'] })
    const ticket = await createKdcClient({ kdc, credentials: { ccache } }).ticketFor(kcd.spn)
    expect(isForwardable(ticket)).toBe(false)
    const evidence = { ...ticket, forwardable: false, origin: 'presented' } as const
    await expectRefusal(at.client('kcd').s4u2proxy(evidence, api.spn), {
      ...{ ...BADOPTION, reason: 'evidence-not-forwardable' },
      hint: /kinit -f/,
    })
  })

  test('a member of Protected Users who presented a ticket is not vouched for instead', async () => {
    using service = createNegotiator({ keytab: web.keytab, kdc, delegation: { protocolTransition: true } })
    const ticket = await at.user('dave').ticketFor(web.spn)
    const authorization = formatAuthorization(createInitiator({ ticket, now: Date.now }).token)
    const outcome = await service.authenticate({ headers: { authorization } })
    if (outcome.status !== 'authenticated') throw new Error('dave was not let in')
    using dave = outcome.identity.impersonate()
    await expectRefusal(dave.ticketFor(api.spn), {
      ...{ ...BADOPTION, reason: 'evidence-not-forwardable' },
      hint: /Protected Users/,
    })
  })

  test('evidence for another service, and a ticket-granting ticket, which are refused as a missing entry is', async () => {
    await expectRefusal(at.present('kcd', 'bob', 'api', { shownBy: 'web' }), {
      ...{ ...BADOPTION, reason: 'evidence-unusable' },
      hint: /samba-tool spn list svc-web/,
    })
    await expectRefusal(at.presentTgt('web', 'bob', 'api'), {
      ...{ ...BADOPTION, reason: 'evidence-unusable' },
      hint: /must be for a service principal name of svc-web/,
    })
  })

  // behaviour: S4U2Self for a user of a trusted realm = refused (6)
  test('a user of a trusted forest, for whom this KDC vouches as little as any Samba', () =>
    expectRefusal(at.client('web').s4u2self(realmOf(info, 'NEWPARTNER').users.oscar.principal), {
      code: 'KDC_ERR_C_PRINCIPAL_UNKNOWN',
      hint: /no user oscar@NEWPARTNER.TEST: [^]*has to present a ticket/,
    }))

  test('a client that offers SHA-2 only, of which Active Directory has no keys', async () => {
    const refusal = await at
      .user('bob', { encryptionTypes: [20, 19] })
      .ticketFor(api.spn)
      .catch((error: unknown) => error)
    expect(refusal).toMatchObject({ code: 'KDC_ERR_ETYPE_NOSUPP' })
  })
})
