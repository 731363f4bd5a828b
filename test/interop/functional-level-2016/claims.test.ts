import { createInitiator, formatAuthorization } from '@s4u/gssapi'
import { type CallerIdentity, createNegotiator } from '@s4u/negotiate'
import { expect, test } from 'vitest'
import { realmOf } from '../../realms/clients.js'
import { permits } from '../../realms/samba/newer-accounts.js'
import { describeRealms } from '../../realms/suite.js'
import { Place } from '../diagnosis/place.js'
import { openWith, pacOf } from '../sealed-ticket.js'

await describeRealms('claims of a user', ['NEWCORP'], (info) => {
  const realm = realmOf(info, 'NEWCORP')
  const { web, api } = realm.services
  const at = new Place(info, 'NEWCORP')
  const negotiator = () =>
    createNegotiator({
      keytab: web.keytab,
      kdc: `${realm.kdc.host}:${realm.kdc.port}`,
      delegation: { protocolTransition: true },
    })

  async function presenting(user: string): Promise<CallerIdentity> {
    const ticket = await at.user(user).ticketFor(web.spn)
    using service = negotiator()
    const authorization = formatAuthorization(createInitiator({ ticket, now: Date.now }).token)
    const outcome = await service.authenticate({ headers: { authorization } })
    if (outcome.status !== 'authenticated') throw new Error(`${user} was not let in`)
    return outcome.identity
  }

  async function vouching(user: string): Promise<CallerIdentity> {
    using service = negotiator()
    return await service.identityFor(realm.users[user].principal)
  }

  /** By attribute: the rest of an id is drawn when the type of the claim is made. */
  const byAttribute = ({ claims }: CallerIdentity) =>
    Object.fromEntries(
      Object.entries(claims).map(([id, values]) => [/^ad:\/\/ext\/(\w+):[0-9a-f]{16}$/.exec(id)?.[1] ?? id, values]),
    )

  const ways = [
    ['who presented a ticket', presenting],
    ['for whom a service vouches', vouching],
  ] as const

  // behaviour: Claims of users: text, integers, 300 values compressed = in tickets and S4U2Self
  test.each(ways)(
    '%s: text with surrogates, an integer, and three hundred values that are compressed',
    async (_who, of) => {
      const clara = await of('clara')
      expect(byAttribute(clara)).toEqual({
        department: ['Verkauf 𝒮üd'],
        countryCode: [49n],
        carLicense: expect.arrayContaining(permits),
      })
      expect(byAttribute(clara).carLicense).toHaveLength(permits.length)
    },
  )

  test.each(ways)('%s: decide conditions of access checks', async (_who, of) => {
    const [clara, bob] = [await of('clara'), await of('bob')]
    const id = Object.keys(clara.claims).find((one) => one.startsWith('ad://ext/countryCode:')) ?? ''
    const onlyFrom = (country: number) => `D:(XA;;FR;;;WD;(@USER.${id} == ${country}))`
    expect(clara.accessCheck(onlyFrom(49), 'FR')).toBeGreaterThan(0)
    expect(clara.accessCheck(onlyFrom(44), 'FR')).toBe(0)
    expect(bob.accessCheck(onlyFrom(49), 'FR')).toBe(0)
  })

  // behaviour: Claims of users after S4U2Proxy = kept
  test('go on to the backend of a delegation', async () => {
    const pac = pacOf(openWith(api.keytab, await at.vouch('web', 'clara', 'api')))
    const claims = pac?.clientClaims?.flatMap((array) => array.claims) ?? []
    expect(claims.map(({ id, type, values }) => [id.replace(/:[^:]*$/, ''), type, values.length]).sort()).toEqual([
      ['ad://ext/carLicense', 'string', permits.length],
      ['ad://ext/countryCode', 'int64', 1],
      ['ad://ext/department', 'string', 1],
    ])
  })

  test('of a user without such attributes are none', async () => {
    // Every account has a country, if only 0.
    expect(byAttribute(await presenting('bob'))).toEqual({ countryCode: [0n] })
  })
})
