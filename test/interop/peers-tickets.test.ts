import type { NegotiatorOptions } from '@s4u/negotiate'
import { afterEach, expect, test } from 'vitest'
import type { RealmKey } from '../realms/addresses.js'
import { kinit, realmOf } from '../realms/clients.js'
import type { RealmsInfo } from '../realms/realm-info.js'
import { describeRealms } from '../realms/suite.js'
import { curl } from './sign-on/clients.js'
import { openService, type Service } from './sign-on/service.js'

/** Tickets of every kind of KDC, as curl shows them. */
const services: Service[] = []
afterEach(() => {
  for (const service of services.splice(0)) service.close()
})

/** What a service of one realm says to a user of a realm. */
async function visit(
  info: RealmsInfo,
  [user, home]: readonly [string, RealmKey],
  [name, realm]: readonly [string, RealmKey],
  options: NegotiatorOptions = {},
) {
  const { keytab, host } = realmOf(info, realm).services[name]
  const service = await openService(`${info.block}.51`, { keytab, ...options })
  services.push(service)
  const { status, body } = await curl({ host, service }, await kinit(info, home, user))
  const [last] = service.exchanges.slice(-1)
  return { status, identity: status === 200 ? JSON.parse(body) : undefined, code: last?.code }
}

for (const key of ['CORP', 'NEWCORP'] as const)
  await describeRealms(`Tickets of Samba in ${key}`, [key], (info) => {
    const { name: realm } = realmOf(info, key)

    test('name the user, with SID, UPN and groups', async () => {
      const { status, identity } = await visit(info, ['bob', key], ['web', key])
      expect(status).toBe(200)
      expect(identity).toMatchObject({
        principal: `bob@${realm}`,
        upn: 'bob.builder@corp.example',
        assertedBy: 'authority',
      })
      expect(identity.groups).toContain(identity.sid.replace(/-\d+$/, '-513'))
    })

    test('of a user whose name is not ASCII', async () => {
      expect((await visit(info, ['zoë', key], ['web', key])).identity.principal).toBe(`zoë@${realm}`)
    })

    // behaviour: Two hundred groups in a PAC = all named
    test('of a user in 200 groups name every one', async () => {
      const { identity } = await visit(info, ['grouper', key], ['web', key])
      const own = identity.groups.filter((sid: string) => sid.startsWith('S-1-5-21-'))
      expect(own.length).toBeGreaterThanOrEqual(203)
      expect(new Set(own).size).toBe(own.length)
    })

    test('may not be delegated where the user is sensitive', async () => {
      const { identity } = await visit(info, ['carol', key], ['web', key])
      expect(identity.impersonationLevel).toBe('impersonation')
    })

    test('under rc4-hmac are accepted only where that is allowed', async () => {
      const allowed = await visit(info, ['alice', key], ['rc4', key], { allowWeakEncryption: true })
      expect(allowed.identity.principal).toBe(`alice@${realm}`)
      const refused = await visit(info, ['alice', key], ['rc4', key])
      expect(refused).toMatchObject({ status: 401, code: 'KRB_AP_ERR_NOKEY' })
    })
  })

for (const key of ['EAST', 'NEWEAST'] as const)
  await describeRealms(`Tickets of MIT in ${key}`, [key], (info) => {
    const { name: realm } = realmOf(info, key)

    test('without a PAC are accepted, and are refused where every ticket must have one', async () => {
      const { identity } = await visit(info, ['alice', key], ['nopac', key])
      expect(identity).toMatchObject({ principal: `alice@${realm}`, groups: [] })
      const refused = await visit(info, ['alice', key], ['nopac', key], { requirePac: true })
      expect(refused).toMatchObject({ status: 401, code: 'KDC_ERR_POLICY' })
    })
  })

await describeRealms('Tickets of Heimdal', ['NORTH'], (info) => {
  test('name the user', async () => {
    const { identity } = await visit(info, ['alice', 'NORTH'], ['web', 'NORTH'])
    expect(identity).toMatchObject({ principal: 'alice@NORTH.TEST', groups: [] })
  })
})

await describeRealms('Tickets of a trusted realm of MIT', ['EAST', 'WEST'], (info) => {
  test('name the user and the realm, unless only others are trusted', async () => {
    const { identity } = await visit(info, ['alice', 'WEST'], ['web', 'EAST'])
    expect(identity).toMatchObject({ principal: 'alice@WEST.TEST', realm: 'WEST.TEST' })
    const refused = await visit(info, ['alice', 'WEST'], ['web', 'EAST'], { trustedRealms: ['NORTH.TEST'] })
    expect(refused).toMatchObject({ status: 401, code: 'KRB_AP_PATH_NOT_ACCEPTED' })
  })
})

await describeRealms('Tickets of MIT for a service of Heimdal', ['EAST', 'NORTH'], (info) => {
  test('name the user and the realm', async () => {
    expect((await visit(info, ['alice', 'EAST'], ['web', 'NORTH'])).identity.principal).toBe('alice@EAST.TEST')
  })
})

await describeRealms('Tickets of a trusted forest', ['CORP', 'PARTNER'], (info) => {
  test('name the user, and its SIDs once the service knows which are its own', async () => {
    const alice = await visit(info, ['alice', 'CORP'], ['web', 'CORP'])
    const domain = alice.identity.sid.replace(/-\d+$/, '')
    const { identity } = await visit(info, ['oscar', 'PARTNER'], ['web', 'CORP'], {
      domainSids: { 'CORP.TEST': domain },
    })
    expect(identity).toMatchObject({ principal: 'oscar@PARTNER.TEST', realm: 'PARTNER.TEST' })
    expect(identity.sid).toMatch(/^S-1-5-21-/)
    expect(identity.sid).not.toContain(domain)
    expect(identity.groups).toContain(identity.sid.replace(/-\d+$/, '-513'))
    const before = await visit(info, ['oscar', 'PARTNER'], ['web', 'CORP'])
    expect(before.identity).toMatchObject({ principal: 'oscar@PARTNER.TEST', groups: [] })
  })
})
