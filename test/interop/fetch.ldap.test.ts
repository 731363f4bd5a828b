import { ContextFlag, createInitiator } from '@s4u/gssapi'
import { createKdcClient } from '@s4u/kdc-client'
import { decodeSid } from '@s4u/krb5'
import { expect, test } from 'vitest'
import { realmOf } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'
import { bindGssapi, bindSpnego, type LdapClient, openLdap } from './peers/ldap-client.js'

const { REPLAY, SEQUENCE, CONF, INTEG } = ContextFlag
const LAYERS = [
  { how: 'seal', flags: REPLAY | SEQUENCE | CONF | INTEG, layer: 4 },
  { how: 'sign', flags: REPLAY | SEQUENCE | INTEG, layer: 2 },
] as const

await describeRealms('the directory of Samba as a user', ['CORP'], (info) => {
  const { users, kdc, ldap = kdc } = realmOf(info, 'CORP')
  const base = 'DC=corp,DC=test'

  async function initiatorFor(user: string, flags: number, framing: 'spnego' | 'krb5') {
    const { principal, password } = users[user]
    const client = createKdcClient({ kdc: `${kdc.host}:${kdc.port}`, credentials: { principal, password } })
    const ticket = await client.ticketFor('ldap/dc1.corp.test')
    return createInitiator({ ticket, flags, framing, now: Date.now })
  }

  /** The directory says whose groups count in this session, the user's own SID first. */
  async function sidOfSession(client: LdapClient): Promise<string> {
    const [rootDse] = await client.search('', ['tokenGroups'])
    return sidOf(rootDse.get('tokenGroups')?.[0])
  }

  async function sidInDirectory(client: LdapClient, user: string): Promise<string> {
    const [entry] = await client.search(base, ['objectSid'], ['sAMAccountName', user])
    return sidOf(entry.get('objectSid')?.[0])
  }

  test.each(LAYERS)('SASL GSS-SPNEGO, $how', async ({ how, flags }) => {
    for (const user of ['alice', 'bob']) {
      using client = await openLdap(ldap.host, ldap.port)
      client.protect(await bindSpnego(client, await initiatorFor(user, flags, 'spnego')), how)
      expect(await sidOfSession(client)).toBe(await sidInDirectory(client, user))
    }
  })

  test.each(LAYERS)('SASL GSSAPI, $how', async ({ how, flags, layer }) => {
    using client = await openLdap(ldap.host, ldap.port)
    client.protect(await bindGssapi(client, await initiatorFor('alice', flags, 'krb5'), layer), how)
    expect(await sidOfSession(client)).toBe(await sidInDirectory(client, 'alice'))
  })

  test('long answers, one after the other on one connection', async () => {
    using client = await openLdap(ldap.host, ldap.port)
    client.protect(await bindSpnego(client, await initiatorFor('alice', LAYERS[0].flags, 'spnego')), 'seal')
    for (let count = 0; count < 5; count++) {
      const groups = await client.search(base, ['cn', 'member', 'distinguishedName'], ['objectClass', 'group'])
      expect(groups.length).toBeGreaterThan(200)
    }
  })

  test('nobody is told anything without signing in', async () => {
    using client = await openLdap(ldap.host, ldap.port)
    await expect(sidInDirectory(client, 'alice')).rejects.toThrow(/ended with 1/)
  })
})

function sidOf(octets: Uint8Array | undefined): string {
  if (octets === undefined) throw new Error('there is no SID')
  return decodeSid(octets)
}
