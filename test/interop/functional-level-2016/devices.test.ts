import { createInitiator, formatAuthorization } from '@s4u/gssapi'
import type { ServiceTicket } from '@s4u/kdc-client'
import { createNegotiator } from '@s4u/negotiate'
import { expect, test } from 'vitest'
import { realmOf } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { Place } from '../diagnosis/place.js'
import { openWith, pacOf } from '../sealed-ticket.js'
import { ticketFromDevice } from './compound-identity.js'

/**
 * Compound identity: a ticket of a user says from which device she comes. Source: MS-KILE section
 * 3.3.5.7.4.
 */
await describeRealms('tickets that name the device', ['NEWCORP'], (info) => {
  const realm = realmOf(info, 'NEWCORP')
  const { aware, api } = realm.services
  const at = new Place(info, 'NEWCORP')

  const from = async (device: string, service: string): Promise<ServiceTicket> =>
    ticketFromDevice(
      realm.kdc,
      await at.user('clara').tgtToForward(),
      await at.client(device).tgtToForward(),
      at.spn(service),
    )

  async function identityOf(ticket: ServiceTicket) {
    using service = createNegotiator({ keytab: aware.keytab })
    const authorization = formatAuthorization(createInitiator({ ticket, now: Date.now }).token)
    const outcome = await service.authenticate({ headers: { authorization } })
    if (outcome.status !== 'authenticated') throw new Error('clara was not let in')
    return outcome.identity
  }

  // behaviour: Compound identity: the device with its groups and claims = in tickets
  test('have its SID, its groups and its claims beside those of the user', async () => {
    const pac = pacOf(openWith(aware.keytab, await from('desk01', 'aware')))
    const other = pacOf(openWith(aware.keytab, await from('kiosk01', 'aware')))
    const domain = pac?.logonInfo?.logonDomainId
    expect(pac?.deviceInfo?.userId).not.toBe(pac?.logonInfo?.userId)
    expect(pac?.deviceInfo?.accountDomainId).toBe(domain)
    // Domain Computers, and desk01 is in Desks too.
    const groupsOf = (one: typeof pac) => one?.deviceInfo?.accountGroupIds.map(({ relativeId }) => relativeId)
    expect(groupsOf(other)).toEqual([515])
    expect(groupsOf(pac)).toHaveLength(2)
    const claims = pac?.deviceClaims?.flatMap((array) => array.claims) ?? []
    expect(claims.map(({ id, values }) => [id.replace(/:[^:]*$/, ''), values])).toEqual([
      ['ad://ext/location', ['Floor 3']],
    ])
    expect(other?.deviceClaims?.flatMap((array) => array.claims) ?? []).toEqual([])
  })

  test('decide conditions about the device', async () => {
    const desk = await identityOf(await from('desk01', 'aware'))
    const kiosk = await identityOf(await from('kiosk01', 'aware'))
    const [id] = desk.pac?.deviceClaims?.flatMap((array) => array.claims.map((claim) => claim.id)) ?? []
    const onThatFloor = `D:(XA;;FR;;;WD;(@DEVICE.${id} == "Floor 3"))`
    expect(desk.accessCheck(onThatFloor, 'FR')).toBeGreaterThan(0)
    expect(kiosk.accessCheck(onThatFloor, 'FR')).toBe(0)
  })

  test('are for services alone whose account says that they understand it', async () => {
    const pac = pacOf(openWith(api.keytab, await from('desk01', 'api')))
    expect([pac?.deviceInfo, pac?.deviceClaims]).toEqual([undefined, undefined])
    expect(pac?.clientClaims).toBeDefined()
  })
})
