import { createKdcClient, evidenceFromS4u2self } from '@s4u/kdc-client'
import { formatPrincipal } from '@s4u/krb5'
import { expect, test } from 'vitest'
import { realmOf } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'
import { openWith } from './sealed-ticket.js'

const forests = [
  ['CORP', 'PARTNER'],
  ['NEWCORP', 'NEWPARTNER'],
] as const
for (const [key, other] of forests)
  await describeRealms(`a user of the forest ${other}, which ${key} trusts`, [key, other], (info) => {
    const [corp, partner] = [realmOf(info, key), realmOf(info, other)]
    const kdc = { [corp.name]: corp.kdc.host, [partner.name]: partner.kdc.host }

    test('is sent to the right realm at sign-in', async () => {
      const { principal, password } = partner.users.oscar
      const client = createKdcClient({ kdc, realm: corp.name, credentials: { principal, password, enterprise: true } })
      expect(formatPrincipal((await client.ticketFor(`${partner.services.api.spn}@${partner.name}`)).client)).toBe(
        principal,
      )
    })

    // behaviour: A service of a trusted realm = CORP: by referral, NEWCORP: by referral
    test('a service of the other forest is reached by referral', async () => {
      const client = createKdcClient({ kdc, credentials: { keytab: corp.services.web.keytab } })
      for (const spn of [partner.services.api.spn, `${partner.services.api.spn}@${partner.name}`]) {
        const ticket = await client.ticketFor(spn)
        expect(formatPrincipal(ticket.client)).toBe(corp.services.web.principal)
        expect(ticket.service.realm).toBe(partner.name)
      }
    })

    test('S4U2Self for a user of the other forest never ends with a ticket in another name', async () => {
      const client = createKdcClient({ kdc, credentials: { keytab: corp.services.web.keytab } })
      const outcome = await client.s4u2self(partner.users.oscar.principal).then(
        ({ client: named }) => formatPrincipal(named),
        (error: { code: string }) => error.code,
      )
      expect([partner.users.oscar.principal, 'KRB_AP_ERR_BADMATCH', 'KDC_ERR_C_PRINCIPAL_UNKNOWN']).toContain(outcome)
    })
  })

await describeRealms('two MIT realms', ['EAST', 'WEST'], (info) => {
  const [east, west] = [realmOf(info, 'EAST'), realmOf(info, 'WEST')]
  const kdc = { [east.name]: `${east.kdc.host}:${east.kdc.port}`, [west.name]: `${west.kdc.host}:${west.kdc.port}` }

  // behaviour: A service of a trusted realm = by referral
  test('a service of the other realm is reached', async () => {
    const client = createKdcClient({ kdc, credentials: { keytab: east.services.web.keytab } })
    const ticket = await client.ticketFor(`${west.services.api.spn}@${west.name}`)
    expect(ticket.service.realm).toBe(west.name)
    expect(formatPrincipal(ticket.client)).toBe(east.services.web.principal)
  })

  // behaviour: S4U2Self for a user of a trusted realm = granted
  test('S4U2Self for a user of the other realm, and on to a backend as that user', async () => {
    const client = createKdcClient({ kdc, credentials: { keytab: east.services.web.keytab } })
    const self = await client.s4u2self(west.users.bob.principal)
    expect(formatPrincipal(self.client)).toBe(west.users.bob.principal)
    const proxy = await client.s4u2proxy(evidenceFromS4u2self(self), east.services.api.spn)
    expect(formatPrincipal(proxy.client)).toBe(west.users.bob.principal)
  })
})

const heimdalTrusts = [
  ['NORTH', 'SOUTH'],
  ['SOUTH', 'NORTH'],
  ['NORTH', 'EAST'],
  ['EAST', 'NORTH'],
] as const

for (const [from, to] of heimdalTrusts) {
  await describeRealms(`from ${from} to ${to}`, [from, to], (info) => {
    const [own, other] = [realmOf(info, from), realmOf(info, to)]
    const kdc = Object.fromEntries([own, other].map(({ name, kdc: { host, port } }) => [name, `${host}:${port}`]))

    // behaviour: A service of a trusted realm = NORTH: by referral, EAST: by referral
    test('a service of the other realm is reached', async () => {
      const client = createKdcClient({ kdc, credentials: { keytab: own.services.web.keytab } })
      const ticket = await client.ticketFor(`${other.services.api.spn}@${other.name}`)
      expect(formatPrincipal(ticket.service)).toBe(`${other.services.api.spn}@${other.name}`)
      expect(formatPrincipal(ticket.client)).toBe(own.services.web.principal)
      const opened = openWith(other.services.api.keytab, ticket)
      expect(formatPrincipal({ name: opened.cname, realm: opened.crealm })).toBe(own.services.web.principal)
    })
  })
}
