import { createKdcClient, S4uError } from '@s4u/kdc-client'
import { createNegotiator, type NegotiatorOptions } from '@s4u/negotiate'
import { expect, test } from 'vitest'
import { realmOf } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'

/**
 * Compound identity, as an app has it: the machine is named in `armor`. Samba 4.17 knows no
 * devices.
 */
await describeRealms('the device in tickets of NEWCORP', ['NEWCORP'], (info) => {
  const realm = realmOf(info, 'NEWCORP')
  const { aware, api, desk01, kiosk01 } = realm.services
  const { walter, bob } = realm.users
  const kdc = `${realm.kdc.host}:${realm.kdc.port}`
  const deviceOf = async ({ principal, password }: typeof bob, options: NegotiatorOptions) => {
    using service = createNegotiator({ kdc, ...options })
    const { pac } = await service.identityFor({ user: principal, password })
    return { groups: pac?.deviceInfo?.accountGroupIds.length, claims: pac?.deviceClaims?.length ?? 0 }
  }

  test('is the machine in armor, where the service takes it: its groups and claims are in the PAC', async () => {
    const { keytab } = aware
    expect(await deviceOf(bob, { keytab, kdc: { kdc, armor: { keytab: kiosk01.keytab } } })).toEqual({
      groups: 1,
      claims: 0,
    })
    // Domain Computers, and Desks.
    expect(await deviceOf(bob, { keytab, kdc: { kdc, armor: { keytab: desk01.keytab } } })).toEqual({
      groups: 2,
      claims: 1,
    })
  })

  test('is none where no machine is named, although the service’s own ticket armors the sign-in', async () => {
    expect(await deviceOf(bob, { keytab: aware.keytab })).toEqual({ groups: undefined, claims: 0 })
  })

  test('is none for a service that does not take it', async () => {
    const options = { keytab: api.keytab, kdc: { kdc, armor: { keytab: desk01.keytab } } }
    expect(await deviceOf(bob, options)).toEqual({ groups: undefined, claims: 0 })
  })

  test('is what the hint tells to name, where a policy limits the account to certain ones', async () => {
    const { principal, password } = walter
    const credentials = { principal, password }
    for (const options of [{}, { armor: { keytab: kiosk01.keytab } }]) {
      const asked = createKdcClient({ kdc, credentials, ...options }).ticketFor(api.spn)
      const error = await asked.catch((caught: unknown) => caught)
      expect(error).toMatchObject({ code: 'KDC_ERR_POLICY' })
      expect(error instanceof S4uError && error.hint).toContain('armor: { keytab }')
    }
    const obeying = createKdcClient({ kdc, credentials, armor: { keytab: desk01.keytab } })
    expect((await obeying.ticketFor(api.spn)).client.name.nameString).toEqual(['walter'])
  })
})
