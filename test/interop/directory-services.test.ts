import { type Directory, joinAccount, type JoinOptions, openDirectory } from '@s4u/directory'
import { createInitiator, formatAuthorization } from '@s4u/gssapi'
import { createKdcClient, evidenceFromS4u2self, isForwardable, type ServiceTicket } from '@s4u/kdc-client'
import { createNegotiator, delegatedByGate } from '@s4u/negotiate'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { realmOf, sambaTool } from '../realms/clients.js'
import { controllers } from '../realms/samba/samba-conf.js'
import { describeRealms } from '../realms/suite.js'

/**
 * A service calls a backend for a user who came with a ticket (the KDC names its SPN), and for one
 * for whom it vouches (the KDC names its account). The directory knows that both are one.
 */
for (const key of ['CORP', 'NEWCORP'] as const) {
  await describeRealms(`the names of a service, by the directory of ${key}`, [key], (info) => {
    const realm = realmOf(info, key)
    const { domain, kdc, ldap = kdc, users, services, administrator, name: realmName } = realm
    const kdcAddress = `${kdc.host}:${kdc.port}`
    const servers = { host: `${controllers[key]}.${domain}`, address: ldap.host }
    const { api } = services
    const front = `HTTP/front.${domain}`
    const clientOf = (principal: string, password: string) =>
      createKdcClient({ realm: realmName, kdc: kdcAddress, credentials: { principal, password } })
    const asAdministrator = openDirectory({
      client: clientOf(administrator?.principal ?? '', administrator?.password ?? ''),
      servers,
    })
    const asService = createKdcClient({ kdc: kdcAddress, credentials: { keytab: api.keytab } })
    const directory = openDirectory({ client: asService, servers })
    const passwords = new Map<string, string>()

    async function join(name: string, more: Partial<JoinOptions>): Promise<void> {
      const delegation = { delegateTo: [api.spn], protocolTransition: true }
      const options = { kind: 'user', encryptionTypes: [18, 17], takeOver: true, ...delegation, ...more } as const
      passwords.set(name, (await joinAccount(asAdministrator, { name, ...options })).password)
    }
    beforeAll(async () => {
      await join('svc-front', { servicePrincipalNames: [front] })
      await join('svc-other', { servicePrincipalNames: [`HTTP/other.${domain}`] })
    })
    afterAll(async () => {
      for (const name of ['svc-front', 'svc-other', 'svc-renamed']) await remove(asAdministrator, name)
      for (const each of [asAdministrator, directory]) each.close()
    })

    /** bob's ticket for the backend, from a service that vouches for bob. */
    async function vouched(service: string, password = passwords.get(service) ?? ''): Promise<ServiceTicket> {
      const client = clientOf(service, password)
      return client.s4u2proxy(evidenceFromS4u2self(await client.s4u2self('bob')), api.spn)
    }

    /** The same, from a service that bob came to with a ticket. */
    async function presented(): Promise<ServiceTicket> {
      const ticket = await clientOf(users.bob.principal, users.bob.password).ticketFor(front)
      const { client, expiresAt } = ticket
      const evidence = { client, ticket: ticket.ticket, forwardable: isForwardable(ticket), expiresAt } as const
      return clientOf('svc-front', passwords.get('svc-front') ?? '').s4u2proxy(
        { ...evidence, origin: 'presented' },
        api.spn,
      )
    }

    /**
     * How a backend answers who comes with each of the tickets, which it looks at one after
     * another.
     */
    async function answersOf(listed: readonly string[], ...tickets: readonly ServiceTicket[]) {
      const gate = delegatedByGate(listed)
      using backend = createNegotiator({ keytab: api.keytab, kdc: kdcAddress, directory })
      await backend.ready()
      const answers: unknown[] = []
      for (const ticket of tickets) {
        const authorization = formatAuthorization(createInitiator({ ticket, now: Date.now }).token)
        const request = { headers: { authorization } }
        const outcome = await backend.authenticate(request)
        if (outcome.status !== 'authenticated') throw new Error('bob was not let in')
        const verdict = gate(request, outcome.identity)
        answers.push([outcome.identity.delegatedBy[0], verdict.status === 'pass' ? 200 : verdict.statusCode])
      }
      return answers
    }

    test('are one: the SPN in a route lets its account pass, and the account its SPN', async () => {
      const tickets = [await presented(), await vouched('svc-front')]
      for (const listed of [front, 'svc-front', `svc-front@${realmName}`, `HTTP@front.${domain}`])
        expect(await answersOf([listed], ...tickets)).toEqual([
          [`${front}@${realmName}`, 200],
          [`svc-front@${realmName}`, 200],
        ])
    })

    test('are not those of another account, or of one that is called so in another realm', async () => {
      const ticket = await vouched('svc-other')
      expect(await answersOf([front, 'svc-front'], ticket)).toEqual([[`svc-other@${realmName}`, 403]])
      // The directory has both names, but in its own realm.
      for (const listed of [`${front}@ELSEWHERE.TEST`, 'svc-front@ELSEWHERE.TEST'])
        expect(await answersOf([listed], await presented(), await vouched('svc-front'))).toEqual([
          [`${front}@${realmName}`, 403],
          [`svc-front@${realmName}`, 403],
        ])
    })

    test('are those that the account has now: who is called as it was is another one', async () => {
      const changes = ['--samaccountname', '--force-new-cn'].map((name) => `${name}=svc-renamed`)
      await sambaTool(realm, 'user', 'rename', 'svc-front', ...changes, `--upn=svc-renamed@${domain}`)
      passwords.set('svc-renamed', passwords.get('svc-front') ?? '')
      await join('svc-front', { servicePrincipalNames: [`HTTP/successor.${domain}`] })
      const [renamed, successor] = [await vouched('svc-renamed'), await vouched('svc-front')]
      expect(await answersOf([front], renamed, successor)).toEqual([
        [`svc-renamed@${realmName}`, 200],
        [`svc-front@${realmName}`, 403],
      ])
      expect(await answersOf([`svc-front@${realmName}`], renamed, successor)).toEqual([
        [`svc-renamed@${realmName}`, 403],
        [`svc-front@${realmName}`, 200],
      ])
    })
  })
}

async function remove(directory: Directory, name: string): Promise<void> {
  const account = await directory.account(name)
  if (account !== undefined) await directory.apply({ kind: 'delete', dn: account.dn })
}
