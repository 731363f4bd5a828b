import { ContextFlag, createInitiator, formatAuthorization } from '@s4u/gssapi'
import { createKdcClient } from '@s4u/kdc-client'
import { decodeSid } from '@s4u/krb5'
import { type CallerIdentity, createNegotiator, type Negotiator } from '@s4u/negotiate'
import { afterAll, describe, expect, test } from 'vitest'
import { realmOf } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'
import { bindGssapi, bindSpnego, type LdapClient, openLdap } from './peers/ldap-client.js'

const { REPLAY, SEQUENCE, CONF, INTEG } = ContextFlag
/** As the directory has it among its controller’s names, and in the delegation list of web. */
const DIRECTORY = 'ldap/dc1.corp.test'

const LAYERS = [
  { how: 'seal', flags: REPLAY | SEQUENCE | CONF | INTEG, layer: 4 },
  { how: 'sign', flags: REPLAY | SEQUENCE | INTEG, layer: 2 },
] as const

await describeRealms('the directory of Samba as a user', ['CORP'], (info) => {
  const { users, services, kdc: kdcAddress, ldap = kdcAddress } = realmOf(info, 'CORP')
  const { web } = services
  const base = 'DC=corp,DC=test'
  const kdc = `${kdcAddress.host}:${kdcAddress.port}`

  async function initiatorFor(user: string, flags: number, framing: 'spnego' | 'krb5', spn = DIRECTORY) {
    const { principal, password } = users[user]
    const client = createKdcClient({ kdc, credentials: { principal, password } })
    return createInitiator({ ticket: await client.ticketFor(spn), flags, framing, now: Date.now })
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

  describe('in a caller’s name', () => {
    const negotiator = createNegotiator({
      keytab: web.keytab,
      kdc,
      delegation: { principal: 'svc-web', allow: [DIRECTORY], protocolTransition: (user) => user.startsWith('alice@') },
    })

    afterAll(() => negotiator[Symbol.dispose]())

    async function presenting(user: string): Promise<CallerIdentity> {
      const { token } = await initiatorFor(user, LAYERS[0].flags, 'spnego', web.spn)
      return identityOf(negotiator, formatAuthorization(token))
    }

    const ways: readonly [string, string, () => Promise<CallerIdentity>][] = [
      ['who presented a ticket', 'bob', () => presenting('bob')],
      ['whom the app has authenticated itself', 'alice', () => negotiator.identityFor(users.alice.principal)],
    ]

    test.each(ways.flatMap((way) => LAYERS.map((layer) => [...way, layer] as const)))(
      '%s (%s): contextFor signs and seals',
      async (_how, user, identityFor, { how, flags }) => {
        using caller = (await identityFor()).impersonate()
        using client = await openLdap(ldap.host, ldap.port)
        client.protect(await bindSpnego(client, await caller.contextFor(DIRECTORY, { flags })), how)
        expect(caller.principal).toBe(users[user].principal)
        expect(await sidOfSession(client)).toBe(await sidInDirectory(client, user))
      },
    )

    test('SASL GSSAPI', async () => {
      using alice = (await presenting('alice')).impersonate()
      using client = await openLdap(ldap.host, ldap.port)
      const { flags, layer, how } = LAYERS[0]
      const initiator = await alice.contextFor(DIRECTORY, { flags, framing: 'krb5' })
      client.protect(await bindGssapi(client, initiator, layer), how)
      expect(await sidOfSession(client)).toBe(await sidInDirectory(client, 'alice'))
    })

    test('not for one who may not be delegated', async () => {
      using carol = (await presenting('carol')).impersonate()
      await expect(carol.contextFor(DIRECTORY)).rejects.toMatchObject({ reason: 'evidence-not-forwardable' })
    })
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

async function identityOf(negotiator: Negotiator, authorization: string): Promise<CallerIdentity> {
  const outcome = await negotiator.authenticate({ headers: { authorization } })
  if (outcome.status !== 'authenticated') throw new Error('the caller was not let in')
  return outcome.identity
}

function sidOf(octets: Uint8Array | undefined): string {
  if (octets === undefined) throw new Error('there is no SID')
  return decodeSid(octets)
}
