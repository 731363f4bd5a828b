import { createKdcClient, evidenceFromS4u2self, type KdcClientOptions } from '@s4u/kdc-client'
import { ApReq, AsReq, decode, findPaData, formatPrincipal, Keytab, PaType, TgsReq } from '@s4u/krb5'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { kinit, realmOf } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'
import { askByTcp } from './diagnosis/resigning.js'

for (const key of ['CORP', 'EAST', 'NORTH', 'NEWCORP', 'NEWEAST'] as const) {
  await describeRealms(`signing in to ${key}`, [key], (info) => {
    const realm = realmOf(info, key)
    const { web, api } = realm.services
    const kdc = `${realm.kdc.host}:${realm.kdc.port}`
    const make = (options: Partial<KdcClientOptions> = {}) =>
      createKdcClient({ kdc, credentials: { keytab: web.keytab }, ...options })

    test('a credential cache that kinit wrote is as good as a password', async () => {
      const login = await kinit(info, key, 'alice')
      const ticket = await make({ credentials: { ccache: login.ccache } }).ticketFor(api.spn)
      expect(formatPrincipal(ticket.client)).toBe(realm.users.alice.principal)
    })

    test('KRB5_CONFIG and KRB5CCNAME are enough', async () => {
      const login = await kinit(info, key, 'alice')
      vi.stubEnv('KRB5CCNAME', `FILE:${login.ccache}`)
      vi.stubEnv('KRB5_CONFIG', info.krb5Config)
      try {
        const ticket = await createKdcClient({ credentials: { ccache: true } }).ticketFor(api.spn)
        expect(formatPrincipal(ticket.client)).toBe(realm.users.alice.principal)
      } finally {
        vi.unstubAllEnvs()
      }
    })

    test('a clock that is seven minutes off is set by the KDC', async () => {
      const ticket = await make({ now: () => Date.now() + 420_000 }).ticketFor(api.spn)
      expect(Math.abs(ticket.startsAt - Date.now())).toBeLessThan(60_000)
    })

    test('a keytab that is written anew heals a client that has the old one', async () => {
      const path = join(info.directory, 'keytabs', `rotating-${key}.keytab`)
      const wrong = Keytab.decode(readFileSync(api.keytab)).entries.map((entry) => ({
        ...entry,
        principal: Keytab.decode(readFileSync(web.keytab)).entries[0].principal,
      }))
      writeFileSync(path, new Keytab(wrong).encode())
      const client = make({ credentials: { keytab: path } })
      copyFileSync(web.keytab, path)
      expect(formatPrincipal((await client.ticketFor(api.spn)).client)).toBe(web.principal)
    })

    // behaviour: A ticket without a PAC, on request = granted
    test('a ticket without a PAC is had on request', async () => {
      const ticket = await make({ pac: false }).ticketFor(api.spn)
      const usual = await make().ticketFor(api.spn)
      if (realm.kind === 'samba') {
        expect(ticket.ticket.encPart.cipher.length).toBeLessThan(usual.ticket.encPart.cipher.length)
      }
      expect(formatPrincipal(ticket.client)).toBe(web.principal)
    })
  })
}

for (const key of ['CORP', 'EAST', 'NORTH', 'NEWCORP', 'NEWEAST'] as const) {
  await describeRealms(`armored sign-in to ${key}`, [key], (info) => {
    const realm = realmOf(info, key)
    const kdc = `${realm.kdc.host}:${realm.kdc.port}`

    // behaviour: Armored sign-in (FAST), with the own ticket = granted
    test('the second sign-in goes through a channel that the first ticket made', async () => {
      const { principal, password } = realm.users.alice
      const before = createKdcClient({ kdc, credentials: { principal, password } })
      const lifetime = (await before.ticketFor(`krbtgt/${realm.name}`)).expiresAt - Date.now()
      const sent: Uint8Array[] = []
      const received: Uint8Array[] = []
      let ahead = 0
      const client = createKdcClient({
        kdc: async (request) => {
          const index = sent.push(request) - 1
          const reply = await askByTcp(realm.kdc, request)
          received[index] = reply
          return reply
        },
        credentials: { principal, password },
        now: () => Date.now() + ahead,
      })
      await client.ticketFor(realm.services.api.spn)
      const [first] = grantingTicketsIn(sent)
      // Late in the life of the ticket by the client's clock; the KDC sets that right on the way.
      ahead = lifetime * 0.85
      await client.ticketFor(realm.services.data.spn)
      // Beside the request for a ticket, which may be answered before it or after it.
      await vi.waitFor(() => expect(received[sent.findLastIndex(isArmored)]?.[0]).toBe(AS_REP))
      const { none, web, kcd, vault } = realm.services
      for (const { spn } of [none, web, kcd, vault]) {
        await client.ticketFor(spn)
        if (grantingTicketsIn(sent).at(-1) !== first) break
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      expect(grantingTicketsIn(sent).at(-1)).not.toBe(first)
    })
  })
}

const AS_REQ = 0x6a
const AS_REP = 0x6b

function isArmored(request: Uint8Array): boolean {
  return request[0] === AS_REQ && findPaData(decode(AsReq, request).padata, PaType.FX_FAST) !== undefined
}

/** Which tickets the TGS requests were made with. */
function grantingTicketsIn(requests: readonly Uint8Array[]): string[] {
  return requests
    .filter(([tag]) => tag !== AS_REQ)
    .map((request) => findPaData(decode(TgsReq, request).padata, PaType.TGS_REQ) ?? new Uint8Array(0))
    .map((apReq) => Buffer.from(decode(ApReq, apReq).ticket.encPart.cipher).toString('base64'))
}

await describeRealms('delegation in NORTH', ['NORTH'], (info) => {
  const realm = realmOf(info, 'NORTH')
  const { web, api } = realm.services

  // behaviour: Protocol transition and constrained delegation = granted
  test('goes through with a ticket from S4U2Self, the only evidence that Heimdal takes', async () => {
    const client = createKdcClient({ kdc: `${realm.kdc.host}:${realm.kdc.port}`, credentials: { keytab: web.keytab } })
    const evidence = evidenceFromS4u2self(await client.s4u2self(realm.users.bob.principal))
    expect(evidence.forwardable).toBe(true)
    expect(formatPrincipal((await client.s4u2proxy(evidence, api.spn)).client)).toBe(realm.users.bob.principal)
  })

  test.each([20, 19])(
    'a password is good with keys of SHA-2 (%i), whose salts this KDC draws at random',
    async (etype) => {
      const { principal, password } = realm.users.alice
      const credentials = { principal, password }
      const kdc = `${realm.kdc.host}:${realm.kdc.port}`
      const ticket = await createKdcClient({ kdc, credentials, encryptionTypes: [etype] }).ticketFor(api.spn)
      expect(formatPrincipal(ticket.client)).toBe(principal)
      expect(ticket.sessionKey.etype).toBe(etype)
      const wrong = createKdcClient({ kdc, credentials: { principal, password: 'wrong' }, encryptionTypes: [etype] })
      await expect(wrong.ticketFor(api.spn)).rejects.toMatchObject({ code: 'KDC_ERR_PREAUTH_FAILED' })
    },
  )

  test('a user who may not have forwardable tickets signs in all the same', async () => {
    const { principal, password } = realm.users.sensitive
    const client = createKdcClient({ kdc: `${realm.kdc.host}:${realm.kdc.port}`, credentials: { principal, password } })
    expect(formatPrincipal((await client.ticketFor(api.spn)).client)).toBe(principal)
  })
})

await describeRealms('an alias in EAST', ['EAST'], (info) => {
  const realm = realmOf(info, 'EAST')

  // behaviour: S4U2Self by an alias = the alias stays in the ticket
  test('is an enterprise name for S4U2Self, and the ticket goes on to a backend', async () => {
    const kdc = `${realm.kdc.host}:${realm.kdc.port}`
    const client = createKdcClient({ kdc, credentials: { keytab: realm.services.web.keytab } })
    const self = await client.s4u2self('alice@corp.example')
    // This KDC leaves the alias in the ticket.
    expect(formatPrincipal(self.client)).toBe('alice@corp.example@EAST.TEST')
    const proxy = await client.s4u2proxy(evidenceFromS4u2self(self), realm.services.api.spn)
    expect(formatPrincipal(proxy.client)).toBe('alice@corp.example@EAST.TEST')
  })
})

for (const key of ['CORP', 'NEWCORP'] as const)
  await describeRealms(`names at sign-in to ${key}`, [key], (info) => {
    const realm = realmOf(info, key)
    const kdc = `${realm.kdc.host}:${realm.kdc.port}`

    // behaviour: Sign-in by a user principal name = resolved
    test('a user principal name is resolved, and its salt is the one that the KDC tells', async () => {
      const { password, enterpriseName = '' } = realm.users.bob
      const credentials = { principal: enterpriseName, password, enterprise: true }
      const ticket = await createKdcClient({ kdc, realm: realm.name, credentials }).ticketFor(realm.services.api.spn)
      expect(formatPrincipal(ticket.client)).toBe(`bob@${realm.name}`)
    })

    test('a password that is not ASCII is UTF-8', async () => {
      const { principal, password } = realm.users.zoë
      const ticket = await createKdcClient({ kdc, credentials: { principal, password } }).ticketFor(
        realm.services.api.spn,
      )
      expect(ticket.client.name.nameString).toEqual(['zoë'])
    })

    // behaviour: S4U2Self by an alias = the alias stays in the ticket
    test.each([
      ['bob.builder@corp.example', `bob.builder@corp.example@${key}.TEST`],
      [`${key}\\alice`, `alice@${key}.TEST`],
    ])('S4U2Self takes %s', async (user, client) => {
      const service = createKdcClient({ kdc, credentials: { keytab: realm.services.web.keytab } })
      expect(formatPrincipal((await service.s4u2self(user)).client)).toBe(client)
    })
  })

await describeRealms('KDCs that are hard to reach', ['EAST'], (info) => {
  const realm = realmOf(info, 'EAST')
  const { web, api } = realm.services

  test('one whose datagrams are capped is asked by TCP', async () => {
    const { host, port } = realm.cappedKdc ?? realm.kdc
    const client = createKdcClient({ kdc: `${host}:${port}`, credentials: { keytab: web.keytab } })
    expect(formatPrincipal((await client.ticketFor(api.spn)).client)).toBe(web.principal)
  })
})
