import { createKdcClient, evidenceFromS4u2self } from '@s4u/kdc-client'
import { decodeCcache, type EncTicketPart, formatPrincipal, type Ticket } from '@s4u/krb5'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { kinit, realmOf, runOk } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'
import { openWith, pacOf } from './sealed-ticket.js'

/**
 * The second opinion: MIT's own client makes the same request of the same KDC, and the backend's
 * keytab opens what both got.
 */
for (const key of ['CORP', 'EAST', 'NEWCORP', 'NEWEAST'] as const) {
  await describeRealms(`kvno of MIT, next to our client in ${key}`, [key], (info) => {
    const realm = realmOf(info, key)
    const { web, api } = realm.services
    const { principal: bob } = realm.users.bob

    test('gets the same ticket with the same evidence', async () => {
      // Not for longer than Samba gives, which makes it renewable instead; kvno then wants
      // renewable tickets for services too.
      const login = await kinit(info, key, 'web', { flags: ['-l', '1h'] })
      const out = `${login.ccache}-kvno`
      await runOk('kvno', ['-I', bob, '-P', `${api.spn}@${realm.name}`, '--out-cache', `FILE:${out}`], login)
      const { credentials } = decodeCcache(readFileSync(out))
      const theirs = credentials.find(({ server }) => formatPrincipal(server) === `${api.spn}@${realm.name}`)
      if (theirs === undefined) throw new Error(`kvno has no ticket for ${api.spn}`)

      const kdc = `${realm.kdc.host}:${realm.kdc.port}`
      const client = createKdcClient({ kdc, credentials: { ccache: login.ccache } })
      // Samba signs nobody's name: with a credential cache alone, and without armor, nothing would
      // prove whose ticket it is.
      const bare = createKdcClient({ kdc, credentials: { ccache: login.ccache }, fast: 'off' })
      const refused = { code: 'KRB_AP_ERR_NOKEY' }
      if (realm.kind === 'samba') await expect(bare.s4u2self(bob)).rejects.toMatchObject(refused)
      const self = await client.s4u2self(bob)
      const ours = await client.s4u2proxy(evidenceFromS4u2self(self), api.spn)

      expect(formatPrincipal(ours.client)).toBe(formatPrincipal(theirs.client))
      expect(ours.flags).toEqual(theirs.flags)
      const seen = shown(ours.ticket, openWith(api.keytab, ours))
      expect(seen).toEqual(shown(theirs.ticket, openWith(api.keytab, theirs)))
      expect(seen).toMatchObject({
        client: bob,
        delegation: { s4u2proxyTarget: expect.stringContaining('api'), transitedServices: [web.principal] },
      })
    })
  })
}

/** What a backend goes by, apart from keys and times. */
function shown({ sname, realm, encPart }: Ticket, part: EncTicketPart) {
  const { etype, kvno } = encPart
  const pac = pacOf(part)
  return {
    service: formatPrincipal({ name: sname, realm }),
    etype,
    kvno,
    client: formatPrincipal({ name: part.cname, realm: part.crealm }),
    flags: Buffer.from(part.flags).toString('hex'),
    sessionKeyType: part.key.etype,
    delegation: pac?.delegationInfo,
    buffers: pac?.buffers.map(({ type }) => type),
  }
}
