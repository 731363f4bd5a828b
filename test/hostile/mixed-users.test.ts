/** What one user has left must not make the service act as another, whoever has mixed them up. */

import { evidenceFromS4u2self, type DelegationInputs, type KdcClient } from '@s4u/kdc-client'
import { parsePrincipal } from '@s4u/krb5'
import type { TestRealm } from '@s4u/test-kdc'
import { beforeEach, describe, expect, test } from 'vitest'
import { selfSigned } from '../stories/fixtures/certificate.js'
import { adTest, clientOf, refusalOf } from './kdc-client-realm.js'

const API = 'HTTP/api.ad.test'
const certificate = new Uint8Array(selfSigned('alice').der)
let realm: TestRealm
let client: KdcClient

beforeEach(async () => {
  realm = await adTest({ users: { alice: { password: 'pw-alice', certificates: [certificate] } } })
  client = clientOf(realm, 'web')
})

const proxied = (): number => realm.exchanges.filter(({ kind }) => kind === 'S4U2Proxy').length

describe('a service that is told to act as bob', () => {
  const MIXED = { name: 'RejectedTokenError', code: 'KRB_AP_ERR_BADMATCH' }

  test('with the evidence of alice, of either origin, does not', async () => {
    const alices = evidenceFromS4u2self(await client.s4u2self('alice'))
    for (const origin of ['s4u2self', 'presented'] as const) {
      const grounds: DelegationInputs = {
        user: 'bob@AD.TEST',
        evidence: { ...alices, origin },
        protocolTransition: true,
      }
      expect(await refusalOf(client.ticketAs(grounds, API))).toMatchObject(MIXED)
    }
    expect(proxied()).toBe(0)
  })

  test('with the evidence of a bob of another realm does not', async () => {
    const alices = evidenceFromS4u2self(await client.s4u2self('bob'))
    const evidence = { ...alices, client: parsePrincipal('bob@WEST.TEST') }
    expect(await refusalOf(client.ticketAs({ user: 'bob@AD.TEST', evidence }, API))).toMatchObject(MIXED)
    expect(proxied()).toBe(0)
  })

  test('with the certificate of alice does not', async () => {
    const grounds = { user: 'bob@AD.TEST', certificate, protocolTransition: true }
    expect(await refusalOf(client.ticketAs(grounds, API))).toMatchObject(MIXED)
    expect(proxied()).toBe(0)
  })

  test('and what is his own is used, whether his realm is written or not', async () => {
    const evidence = evidenceFromS4u2self(await client.s4u2self('bob'))
    for (const user of ['bob@AD.TEST', 'bob'])
      expect((await client.ticketAs({ user, evidence }, API)).ticket.client.name.nameString).toEqual(['bob'])
    const alice = { user: 'alice@AD.TEST', certificate, protocolTransition: true }
    expect((await client.ticketAs(alice, API)).ticket.client.name.nameString).toEqual(['alice'])
  })
})
