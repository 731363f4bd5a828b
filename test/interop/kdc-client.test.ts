import {
  createKdcClient,
  DelegationRefusedError,
  evidenceFromS4u2self,
  isForwardable,
  KdcError,
  KdcUnreachableError,
} from '@s4u/kdc-client'
import { formatPrincipal, Keytab, openTicket } from '@s4u/krb5'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { DatagramForger } from '../hostile/datagram-forger.js'
import { realmOf } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'

for (const key of ['CORP', 'EAST', 'NEWCORP', 'NEWEAST'] as const) {
  await describeRealms(`tickets from ${key}`, [key], (info) => {
    const realm = realmOf(info, key)
    const { web, kcd, api } = realm.services
    const unlisted = realm.services.vault ?? realm.services.none
    const sensitive = realm.users[realm.kind === 'samba' ? 'carol' : 'sensitive']
    const kdc = `${realm.kdc.host}:${realm.kdc.port}`
    const clientOf = (service: { keytab: string }) => createKdcClient({ kdc, credentials: { keytab: service.keytab } })

    test('signs in with the keytab and gets a ticket in its own name', async () => {
      const client = clientOf(web)
      const ticket = await client.ticketFor(api.spn)
      expect(formatPrincipal(ticket.client)).toBe(web.principal)
      expect(formatPrincipal(ticket.service)).toBe(`${api.spn}@${realm.name}`)
    })

    test('signs a user in with a password', async () => {
      const { principal, password } = realm.users.alice
      const ticket = await createKdcClient({ kdc, credentials: { principal, password } }).ticketFor(api.spn)
      expect(formatPrincipal(ticket.client)).toBe(principal)
    })

    // behaviour: User-to-user tickets = granted
    test('gets a user-to-user ticket for a service that has only its ticket-granting ticket at hand', async () => {
      const { principal, password } = realm.users.alice
      const alice = createKdcClient({ kdc, credentials: { principal, password } })
      const peer = await clientOf(web).tgtToForward()
      const ticket = await alice.ticketFor(web.spn, { userToUser: peer.ticket })
      const sealed = openTicket(ticket.ticket, peer.sessionKey).encTicketPart
      expect(formatPrincipal({ name: sealed.cname, realm: sealed.crealm })).toBe(principal)
      expect(sealed.key.equals(ticket.sessionKey)).toBe(true)
    })

    // behaviour: Protocol transition and constrained delegation = granted
    test('gets a ticket to itself, and to a listed backend, in the name of a user', async () => {
      const client = clientOf(web)
      const self = await client.s4u2self(realm.users.bob.principal)
      expect(formatPrincipal(self.client)).toBe(realm.users.bob.principal)
      expect(isForwardable(self)).toBe(true)
      const proxy = await client.s4u2proxy(evidenceFromS4u2self(self), api.spn)
      expect(formatPrincipal(proxy.client)).toBe(realm.users.bob.principal)
      const keytab = Keytab.decode(readFileSync(api.keytab))
      const entry = keytab.entries.find(({ key }) => key.etype === proxy.ticket.encPart.etype)
      expect(entry && openTicket(proxy.ticket, entry.key).encTicketPart.cname.nameString).toEqual(['bob'])
    })

    // behaviour: Constrained delegation, a target that is not listed = refused (13)
    test('says which setting lets it delegate to a target that is not listed', async () => {
      const client = clientOf(web)
      const evidence = evidenceFromS4u2self(await client.s4u2self(realm.users.bob.principal))
      const error = await refusalOf(client.s4u2proxy(evidence, unlisted.spn))
      expect(error).toMatchObject({
        code: 'KDC_ERR_BADOPTION',
        reason: 'target-not-allowed',
        answer: { account: web.principal, target: unlisted.spn },
      })
      expect(error.hint).toContain('msDS-AllowedToDelegateTo')
      expect(error.hint).toContain('samba-tool delegation add-service')
    })

    // behaviour: Constrained delegation of a sensitive user = refused (13)
    test('says that a sensitive user may not be impersonated', async () => {
      const client = clientOf(web)
      await client.s4u2self(realm.users.bob.principal)
      const evidence = evidenceFromS4u2self(await client.s4u2self(sensitive.principal))
      expect(evidence.forwardable).toBe(false)
      const error = await refusalOf(client.s4u2proxy(evidence, api.spn))
      expect(error).toMatchObject({ code: 'KDC_ERR_BADOPTION', reason: 'user-not-delegable' })
    })

    // behaviour: Constrained delegation, evidence of a service without protocol transition = refused (13)
    test('says that a service may not act for users who presented no ticket', async () => {
      const client = clientOf(kcd)
      const evidence = evidenceFromS4u2self(await client.s4u2self(realm.users.bob.principal))
      const error = await refusalOf(client.s4u2proxy(evidence, api.spn))
      expect(error).toMatchObject({ code: 'KDC_ERR_BADOPTION', reason: 'protocol-transition-not-allowed' })
      expect(error.hint).toContain('TRUSTED_TO_AUTH_FOR_DELEGATION')
    })

    // behaviour: An unknown user / a wrong password = 6 / 24
    test('reports an unknown user and a wrong password as the KDC does', async () => {
      await expect(clientOf(web).s4u2self(`nobody@${realm.name}`)).rejects.toMatchObject({
        code: 'KDC_ERR_C_PRINCIPAL_UNKNOWN',
      })
      const wrong = createKdcClient({ kdc, credentials: { principal: realm.users.bob.principal, password: 'wrong' } })
      await expect(wrong.ticketFor(api.spn)).rejects.toSatisfy(
        (error) => error instanceof KdcError && error.code === 'KDC_ERR_PREAUTH_FAILED',
      )
    })

    test('asks the second KDC when the first is dead, and for a while no other', async () => {
      await using dead = await DatagramForger.before(realm.kdc, 'dropped')
      dead.holdsBack = () => true
      const client = createKdcClient({ kdc: [dead.address, kdc], credentials: { keytab: web.keytab } })
      const ticket = await client.ticketFor(api.spn)
      expect(formatPrincipal(ticket.service)).toBe(`${api.spn}@${realm.name}`)
      const heard = (): number => dead.ports + dead.connections
      const before = heard()
      expect(before).toBeGreaterThan(0)
      // Not even the other requests of that sign-in had to wait for it again: one datagram, one
      // connection.
      expect(before).toBeLessThanOrEqual(2)
      await client.ticketFor(web.spn)
      expect(heard()).toBe(before)
      const alone = createKdcClient({ kdc: dead.address, credentials: { keytab: web.keytab }, timeLimit: 500 })
      await expect(alone.ticketFor(api.spn)).rejects.toBeInstanceOf(KdcUnreachableError)
    })

    test('asks by TCP when somebody else answers every datagram with an error', async () => {
      await using forger = await DatagramForger.before(realm.kdc)
      const client = createKdcClient({ kdc: forger.address, credentials: { keytab: web.keytab } })
      for (const errorCode of [24, 25, 37, 18, 12, 7, 29, 32, 60]) {
        forger.forge = () => ({ errorCode })
        const self = await client.s4u2self(realm.users.bob.principal, { fresh: true })
        expect(formatPrincipal(self.client)).toBe(realm.users.bob.principal)
        const proxy = await client.s4u2proxy(evidenceFromS4u2self(self), api.spn, { fresh: true })
        expect(formatPrincipal(proxy.client)).toBe(realm.users.bob.principal)
      }
    })

    // behaviour: Tickets fit into a datagram = CORP: no (52), NEWCORP: no (52), EAST: yes, NEWEAST: yes
    test('signs in and delegates by UDP alone, where the answers fit', async () => {
      await using way = await DatagramForger.before(realm.kdc, 'closed')
      const client = createKdcClient({ kdc: way.address, credentials: { keytab: web.keytab }, timeLimit: 3_000 })
      const outcome = await client.ticketFor(api.spn).then(
        ({ service }) => formatPrincipal(service),
        (error: unknown) => error,
      )
      // A domain controller's tickets have a PAC, and are too big for a datagram; MIT's here are
      // not.
      if (realm.kind === 'samba') expect(String(outcome)).toContain('KRB_ERR_RESPONSE_TOO_BIG')
      else expect(outcome).toBe(`${api.spn}@${realm.name}`)
    })

    test('says which addresses it tried when no KDC answers', async () => {
      const client = createKdcClient({
        kdc: [`${info.block}.250`],
        credentials: { keytab: web.keytab },
        timeLimit: 1_000,
      })
      const began = Date.now()
      const error = await client.ticketFor(api.spn).catch((error: unknown) => error)
      expect(error).toBeInstanceOf(KdcUnreachableError)
      expect(String(error)).toContain(`udp/${info.block}.250:88`)
      expect(Date.now() - began).toBeLessThan(2_000)
    })

    test('asks the KDC once for callers who want the same ticket at the same time', async () => {
      const client = clientOf(web)
      const tickets = await Promise.all(Array.from({ length: 20 }, () => client.ticketFor(api.spn)))
      expect(new Set(tickets).size).toBe(1)
    })
  })
}

describe('a client that cannot be made', () => {
  test('names the file', () => {
    expect(() => createKdcClient({ kdc: '127.0.0.1', credentials: { keytab: '/nowhere/web.keytab' } })).toThrow(
      '/nowhere/web.keytab',
    )
  })
})

async function refusalOf(promise: Promise<unknown>): Promise<DelegationRefusedError> {
  const error = await promise.then(
    () => new Error('was granted'),
    (error: unknown) => error,
  )
  if (error instanceof DelegationRefusedError) return error
  throw error
}
