import { createKdcClient, type KdcClientOptions, type KdcTransport } from '@s4u/kdc-client'
import { AsReq, decode, findPaData, formatPrincipal, PaType } from '@s4u/krb5'
import { createNegotiator } from '@s4u/negotiate'
import { expect, test } from 'vitest'
import { kinit, realmOf } from '../realms/clients.js'
import type { RealmInfo } from '../realms/realm-info.js'
import { describeRealms } from '../realms/suite.js'
import { askByTcp } from './diagnosis/resigning.js'

const AS_REQ = 0x6a

/** The way to a KDC, and the sign-ins that went by. */
function recorded({ kdc }: RealmInfo) {
  const signIns: { readonly user: string; readonly isArmored: boolean }[] = []
  const transport: KdcTransport = (request) => {
    if (request[0] === AS_REQ) {
      const { padata, reqBody } = decode(AsReq, request)
      const user = reqBody.cname?.nameString.join('/') ?? ''
      signIns.push({ user, isArmored: findPaData(padata, PaType.FX_FAST) !== undefined })
    }
    return askByTcp(kdc, request)
  }
  const armoredOf = (user: string) => signIns.filter((one) => one.user === user).map(({ isArmored }) => isArmored)
  return { transport, armoredOf }
}

for (const key of ['CORP', 'EAST', 'NORTH', 'NEWCORP', 'NEWEAST'] as const) {
  await describeRealms(`the first sign-in of a user of ${key}`, [key], (info) => {
    const realm = realmOf(info, key)
    const { web, api } = realm.services
    const { alice, bob } = realm.users

    test('is armored by the service to which she signs in', async () => {
      const { transport, armoredOf } = recorded(realm)
      using service = createNegotiator({ keytab: web.keytab, kdc: transport })
      const identity = await service.identityFor({ user: alice.principal, password: alice.password })
      expect(identity.principal).toBe(alice.principal)
      expect(armoredOf('alice')).toEqual([true, true])
    })

    // behaviour: Armored sign-in (FAST), with a ticket of the machine = granted
    test('is armored by a keytab of the machine, and by a credential cache of it', async () => {
      const login = await kinit(info, key, 'alice')
      const armors: KdcClientOptions['armor'][] = [{ keytab: web.keytab }, { ccache: login.ccache }]
      for (const armor of armors) {
        const { transport, armoredOf } = recorded(realm)
        const credentials = { principal: bob.principal, password: bob.password }
        const client = createKdcClient({ kdc: transport, credentials, armor, fast: 'require' })
        expect(formatPrincipal((await client.ticketFor(api.spn)).client)).toBe(bob.principal)
        expect(armoredOf('bob')).toEqual([true, true])
      }
    })

    test('tells a wrong password within the armor, and a user whom nobody knows', async () => {
      const { transport, armoredOf } = recorded(realm)
      using service = createNegotiator({ keytab: web.keytab, kdc: transport, fast: 'require' })
      const wrong = service.identityFor({ user: bob.principal, password: 'wrong' })
      await expect(wrong).rejects.toMatchObject({ code: 'KDC_ERR_PREAUTH_FAILED', status: 401 })
      const nobody = service.identityFor({ user: `nobody@${realm.name}`, password: 'wrong' })
      await expect(nobody).rejects.toMatchObject({ code: 'KDC_ERR_C_PRINCIPAL_UNKNOWN', status: 401 })
      expect(armoredOf('bob')).toEqual([true, true])
      expect(armoredOf('nobody')).toEqual([true])
    })

    test('goes without where the app says so', async () => {
      const { transport, armoredOf } = recorded(realm)
      using service = createNegotiator({ keytab: web.keytab, kdc: transport, fast: 'off' })
      await service.identityFor({ user: alice.principal, password: alice.password })
      expect(armoredOf('alice')).toEqual([false, false])
    })
  })
}

for (const key of ['CORP', 'EAST', 'NEWCORP', 'NEWEAST'] as const) {
  await describeRealms(`a name that ${key} is to resolve`, [key], (info) => {
    const realm = realmOf(info, key)
    const { web } = realm.services
    const user = realm.kind === 'samba' ? realm.users.bob : realm.users.alice

    // behaviour: Armored sign-in (FAST) by an alias = resolved
    test('is resolved within the armor', async () => {
      const { transport, armoredOf } = recorded(realm)
      using service = createNegotiator({ keytab: web.keytab, kdc: transport, fast: 'require' })
      const { enterpriseName = '', password } = user
      await service.identityFor({ user: enterpriseName, password })
      expect(armoredOf(enterpriseName)).toEqual([true, true])
    })
  })
}
