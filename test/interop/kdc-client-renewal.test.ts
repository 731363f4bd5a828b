import { createKdcClient } from '@s4u/kdc-client'
import { decodeCcache, formatPrincipal } from '@s4u/krb5'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { kinit, realmOf } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'

for (const key of ['EAST', 'NORTH', 'NEWEAST'] as const) {
  await describeRealms(`renewal in ${key}`, [key], (info) => {
    const realm = realmOf(info, key)
    const { api, data, none } = realm.services

    // behaviour: Renewal of a ticket = granted
    test('a ticket that kinit got is renewed before it ends', async () => {
      const login = await kinit(info, key, 'alice', { flags: ['-l', '10s', '-r', '1h'] })
      const { endtime } = decodeCcache(readFileSync(login.ccache)).credentials[0]
      const { host, port } = realm.kdc
      const client = createKdcClient({ kdc: `${host}:${port}`, credentials: { ccache: login.ccache } })
      await client.ticketFor(api.spn)
      // In the last fifth of its life, and then after its end.
      await new Promise((resolve) => setTimeout(resolve, endtime - 1_200 - Date.now()))
      await client.ticketFor(data.spn)
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      const late = await client.ticketFor(none.spn)
      expect(formatPrincipal(late.client)).toBe(realm.users.alice.principal)
      expect(late.expiresAt).toBeGreaterThan(endtime)
    })
  })
}

for (const key of ['CORP', 'NEWCORP'] as const)
  await describeRealms(`renewal in ${key}`, [key], (info) => {
    const realm = realmOf(info, key)
    const { api, data, none } = realm.services

    // behaviour: Renewal of a ticket = granted
    test('a ticket that kinit got is renewed before it ends', async () => {
      // Samba takes a ticket that lives for less than two minutes for one that may only change a
      // password.
      const login = await kinit(info, key, 'alice', { flags: ['-l', '6m', '-r', '1h'] })
      const { endtime } = decodeCcache(readFileSync(login.ccache)).credentials[0]
      let ahead = 0
      const { host, port } = realm.kdc
      const now = () => Date.now() + ahead
      const client = createKdcClient({ kdc: `${host}:${port}`, credentials: { ccache: login.ccache }, now })
      expect((await client.ticketFor(api.spn)).expiresAt).toBe(endtime)
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      // In the last fifth of its life, by a clock that the KDC just about takes.
      ahead = 290_000
      await client.ticketFor(data.spn)
      await new Promise((resolve) => setTimeout(resolve, 500))
      const late = await client.ticketFor(none.spn)
      expect(formatPrincipal(late.client)).toBe(realm.users.alice.principal)
      expect(late.expiresAt).toBeGreaterThan(endtime)
    })
  })
