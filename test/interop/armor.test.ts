import { createKdcClient, evidenceFromS4u2self, type KdcClientOptions, type KdcTransport } from '@s4u/kdc-client'
import { AsReq, decode, findPaData, formatPrincipal, PaType, TgsRep, TgsReq } from '@s4u/krb5'
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

for (const key of ['CORP', 'NEWCORP', 'EAST', 'NEWEAST', 'NORTH'] as const) {
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
      using service = createNegotiator({ keytab: web.keytab, kdc: { kdc: transport, fast: 'require' } })
      const wrong = service.identityFor({ user: bob.principal, password: 'wrong' })
      await expect(wrong).rejects.toMatchObject({ code: 'KDC_ERR_PREAUTH_FAILED', status: 401 })
      const nobody = service.identityFor({ user: `nobody@${realm.name}`, password: 'wrong' })
      await expect(nobody).rejects.toMatchObject({ code: 'KDC_ERR_C_PRINCIPAL_UNKNOWN', status: 401 })
      expect(armoredOf('bob')).toEqual([true, true])
      expect(armoredOf('nobody')).toEqual([true])
    })

    test('goes without where the app says so', async () => {
      const { transport, armoredOf } = recorded(realm)
      using service = createNegotiator({ keytab: web.keytab, kdc: { kdc: transport, fast: 'off' } })
      await service.identityFor({ user: alice.principal, password: alice.password })
      expect(armoredOf('alice')).toEqual([false, false])
    })
  })
}

for (const key of ['CORP', 'NEWCORP', 'EAST', 'NEWEAST'] as const) {
  await describeRealms(`a name that ${key} is to resolve`, [key], (info) => {
    const realm = realmOf(info, key)
    const { web } = realm.services
    const user = key.endsWith('CORP') ? realm.users.bob : realm.users.alice

    // behaviour: Armored sign-in (FAST) by an alias = resolved
    test('is resolved within the armor', async () => {
      const { transport, armoredOf } = recorded(realm)
      using service = createNegotiator({ keytab: web.keytab, kdc: { kdc: transport, fast: 'require' } })
      const { enterpriseName = '', password } = user
      await service.identityFor({ user: enterpriseName, password })
      expect(armoredOf(enterpriseName)).toEqual([true, true])
    })
  })
}

/** The way to a KDC, and which requests for tickets went in armor, and came back in it. */
function recordedTickets({ kdc }: RealmInfo) {
  const answers: { readonly isArmored: boolean; readonly isGranted: boolean }[] = []
  const transport: KdcTransport = async (request) => {
    const answer = await askByTcp(kdc, request)
    const sent = request[0] === TGS_REQ && findPaData(decode(TgsReq, request).padata, PaType.FX_FAST) !== undefined
    if (!sent) return answer
    const isGranted = answer[0] === TGS_REP
    const isArmored = isGranted && findPaData(decode(TgsRep, answer).padata, PaType.FX_FAST) !== undefined
    answers.push({ isArmored, isGranted })
    return answer
  }
  return { transport, answers }
}

const TGS_REQ = 0x6c
const TGS_REP = 0x6d

/** MIT takes no machine's ticket there, and Heimdal 7 no FAST at all. */
const TAKEN = {
  CORP: { machine: true, itself: true },
  NEWCORP: { machine: true, itself: true },
  EAST: { machine: false, itself: true },
  NEWEAST: { machine: false, itself: true },
  NORTH: { machine: false, itself: false },
} as const

for (const key of ['CORP', 'NEWCORP', 'EAST', 'NEWEAST', 'NORTH'] as const) {
  await describeRealms(`requests for tickets of ${key} in armor`, [key], (info) => {
    const realm = realmOf(info, key)
    const { web, api, kcd } = realm.services
    const { alice } = realm.users
    const taken = TAKEN[key]
    const inArmor = { isArmored: taken.itself, isGranted: true }

    test('go with the ticket of the machine, where the KDC takes it, and lead to the same tickets', async () => {
      const { transport, answers } = recordedTickets(realm)
      const credentials = { keytab: web.keytab }
      const client = createKdcClient({ kdc: transport, credentials, armor: { keytab: kcd.keytab } })
      expect(formatPrincipal((await client.ticketFor(api.spn)).client)).toBe(web.principal)
      const self = await client.s4u2self(alice.principal)
      expect(formatPrincipal(self.client)).toBe(alice.principal)
      const ticket = await client.s4u2proxy(evidenceFromS4u2self(self), api.spn)
      expect(formatPrincipal(ticket.client)).toBe(alice.principal)
      const doubted = taken.itself && !taken.machine ? [{ isArmored: false, isGranted: false }] : []
      expect(answers).toEqual([...doubted, inArmor, inArmor, inArmor])
    })

    test('of a client without a key vouch for the user in it', async () => {
      const { transport, answers } = recordedTickets(realm)
      const tgt = await createKdcClient({ kdc: transport, credentials: { keytab: web.keytab } }).tgtToForward()
      const credentials = { tgt: { ...tgt, renewTill: tgt.renewableUntil } }
      const self = createKdcClient({ kdc: transport, credentials }).s4u2self(alice.principal)
      if (taken.itself) expect(formatPrincipal((await self).client)).toBe(alice.principal)
      else await expect(self).rejects.toMatchObject({ name: 'MissingKeyError', code: 'KRB_AP_ERR_NOKEY' })
      expect(answers).toEqual([inArmor])
    })

    test('are granted where it is required, or refused', async () => {
      const { transport } = recordedTickets(realm)
      const tgt = await createKdcClient({ kdc: transport, credentials: { keytab: web.keytab } }).tgtToForward()
      const credentials = { tgt: { ...tgt, renewTill: tgt.renewableUntil } }
      const asked = createKdcClient({ kdc: transport, credentials, fast: 'require' }).ticketFor(api.spn)
      if (taken.itself) expect(formatPrincipal((await asked).client)).toBe(web.principal)
      else await expect(asked).rejects.toMatchObject({ name: 'RejectedTokenError', code: 'KRB5_ERR_FAST_REQUIRED' })
    })
  })
}
