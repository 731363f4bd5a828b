import { type CallerIdentity, createNegotiator } from '@s4u/negotiate'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { realmOf, sambaTool } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'

/**
 * A real directory is asked again who a user is, and its administrator's changes count from then
 * on.
 */
for (const key of ['CORP', 'NEWCORP'] as const)
  await describeRealms(`${key}, asked by protocol transition,`, [key], (info) => {
    const { name: realm, kdc, services } = realmOf(info, key)
    const samba = (...args: readonly string[]) => sambaTool(realmOf(info, key), ...args)

    const negotiator = () =>
      createNegotiator({
        keytab: services.web.keytab,
        kdc: `${kdc.host}:${kdc.port}`,
        delegation: { protocolTransition: true },
      })

    /** An account that no other test knows. */
    async function newUser(name: string): Promise<string> {
      await samba('user', 'create', name, 'Pa55word-of-a-test')
      return `${name}@${realm}`
    }

    // behaviour: S4U2Self for a disabled user = refused (12)
    test('refuses who was disabled at once where it is asked anew, and else at the age that the app allows', async () => {
      const user = await newUser('leaver')
      using web = negotiator()
      const before = await web.identityFor(user)
      expect(before).toMatchObject({ principal: user, assertedBy: 'service' })
      await samba('user', 'disable', 'leaver')
      // Within some minutes the answer from before counts still.
      expect((await web.identityFor(user)).principal).toBe(user)
      const disabled = {
        name: 'KdcError',
        code: 'KDC_ERR_POLICY',
        hint: expect.stringContaining(`leaver@${realm} is disabled`),
      }
      await sleep(20)
      await expect(web.identityFor(user, { maxAge: 10 })).rejects.toMatchObject(disabled)
      await expect(web.identityFor(user, { fresh: true })).rejects.toMatchObject(disabled)
      // Its no is worth more than its yes before.
      await expect(web.identityFor(user)).rejects.toMatchObject(disabled)
      await samba('user', 'enable', 'leaver')
      expect((await web.identityFor(user, { fresh: true })).principal).toBe(user)
    })

    test('gives the groups of now where it is asked anew', async () => {
      const user = await newUser('mover')
      await samba('group', 'add', 'Movers')
      await samba('group', 'addmembers', 'Movers', 'mover')
      using web = negotiator()
      const groupsOf = async (options = {}): Promise<CallerIdentity['groups']> =>
        (await web.identityFor(user, options)).groups
      const member = await groupsOf()
      await samba('group', 'removemembers', 'Movers', 'mover')
      expect(await groupsOf()).toEqual(member)
      const demoted = await groupsOf({ fresh: true })
      expect(member.filter((sid) => !demoted.includes(sid))).toEqual([expect.stringMatching(/^S-1-5-21-/)])
      expect(await groupsOf()).toEqual(demoted)
    })

    test('gives a ticket whose sealed part, times and flags are those of its reply', async () => {
      using web = negotiator()
      for (const user of [`bob@${realm}`, `alice@${realm}`, `carol@${realm}`, 'bob.builder@corp.example'])
        expect(await web.identityFor(user, { fresh: true })).toMatchObject({ realm })
    })
  })

/**
 * What a ticket to ourselves must agree in with its reply is the same with every KDC that we know.
 */
for (const key of ['EAST', 'NEWEAST', 'PLAIN', 'NORTH'] as const) {
  await describeRealms(`${key}, asked by protocol transition,`, [key], (info) => {
    const { kdc, services, users } = realmOf(info, key)

    test('gives tickets to ourselves that agree with their replies', async () => {
      const keytab = services.web.keytab
      const delegation = { protocolTransition: true }
      using web = createNegotiator({ keytab, kdc: `${kdc.host}:${kdc.port}`, delegation })
      for (const { principal } of [users.bob, users.alice])
        expect((await web.identityFor(principal)).principal).toBe(principal)
    })
  })
}
