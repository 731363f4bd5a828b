import { Key, Keytab, openTicket, PacBufferType as T, type Ticket } from '@s4u/krb5'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { realmOf } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { Place } from '../diagnosis/place.js'
import { encodeWithoutPac, openWith, pacOf } from '../sealed-ticket.js'

/**
 * The four signatures of a PAC: of the service, of the KDC, over the ticket, over the whole.
 * Source: MS-PAC section 2.8.
 */
for (const key of ['CORP', 'NEWCORP'] as const) {
  await describeRealms(`the PACs of ${key}`, [key], (info) => {
    const realm = realmOf(info, key)
    const at = new Place(info, key)
    const everyKey = Keytab.decode(readFileSync(realm.everyKey ?? '')).entries
    const isNewer = key === 'NEWCORP'

    const always = [T.LOGON_INFO, T.SERVER_CHECKSUM, T.KDC_CHECKSUM, T.CLIENT_INFO, T.UPN_DNS_INFO]
    const ofTickets = [...always, T.TICKET_CHECKSUM, T.FULL_CHECKSUM]
    // Whoever has no claims has an empty buffer of them.
    const claims = isNewer ? [T.CLIENT_CLAIMS] : []

    /** The key of the KDC that made a signature is one of krbtgt's. */
    function krbtgtKey(etype: number): Key {
      const entry = everyKey.findLast(({ principal, key: one }) => {
        return principal.name.nameString[0] === 'krbtgt' && one.etype === etype
      })
      if (entry === undefined) throw new Error(`no key of krbtgt of type ${etype}`)
      return entry.key
    }

    const ways: readonly [string, string, () => Promise<{ readonly ticket: Ticket }>, readonly number[]][] = [
      ['a ticket that its user asked for', 'api', () => at.user('bob').ticketFor(realm.services.api.spn), []],
      ['S4U2Self', 'web', () => at.client('web').s4u2self('bob'), []],
      ['S4U2Proxy', 'api', () => at.vouch('web', 'bob', 'api'), [T.DELEGATION_INFO]],
    ]
    // behaviour: Signatures of a PAC: service, KDC, ticket, whole = all four verify
    test.each(ways)('%s: every signature verifies, and no other key’s', async (_how, service, get, more) => {
      const { keytab } = realm.services[service]
      const ticket = await get()
      const part = openWith(keytab, ticket)
      const pac = pacOf(part)
      if (pac === undefined) throw new Error('no PAC')
      expect(pac.buffers.map(({ type }) => type).sort(byNumber)).toEqual(
        [...ofTickets, ...claims, ...more].sort(byNumber),
      )

      const { etype, kvno } = ticket.ticket.encPart
      const own = Keytab.decode(readFileSync(keytab)).entries.find(
        (one) => one.key.etype === etype && one.kvno === kvno,
      )
      const kdc = krbtgtKey(etype)
      const bare = encodeWithoutPac(part)
      pac.verifyServerChecksum(own?.key ?? kdc)
      pac.verifyKdcChecksum(kdc)
      pac.verifyTicketChecksum(kdc, bare)
      pac.verifyFullChecksum(kdc)
      const other = Key.random(etype)
      const modified = expect.objectContaining({ code: 'KRB_AP_ERR_MODIFIED' })
      expect(() => pac.verifyServerChecksum(other)).toThrow(modified)
      expect(() => pac.verifyKdcChecksum(other)).toThrow(modified)
      expect(() =>
        pac.verifyTicketChecksum(
          kdc,
          bare.map((octet, index) => (index === 40 ? octet ^ 1 : octet)),
        ),
      ).toThrow(modified)
      expect(() => pac.verifyFullChecksum(other)).toThrow(modified)
    })

    test('a ticket-granting ticket says who asked for it and how', async () => {
      const { ticket } = await at.user('bob').tgtToForward()
      const pac = pacOf(openTicket(ticket, krbtgtKey(ticket.encPart.etype)).encTicketPart)
      const expected = [...always, T.ATTRIBUTES_INFO, T.REQUESTOR, ...(isNewer ? [T.CLIENT_CLAIMS] : [])]
      expect(pac?.buffers.map(({ type }) => type).sort(byNumber)).toEqual(expected.sort(byNumber))
      expect(pac?.requestor).toBe(pac?.userSid)
    })
  })
}

const byNumber = (one: number, other: number): number => one - other
