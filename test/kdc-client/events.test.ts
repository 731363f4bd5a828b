import { evidenceFromS4u2self, KDC_CHANNEL } from '@s4u/kdc-client'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { adTest, clientOf, refusalOf, userClient } from './realm-and-clients.js'

test('every exchange is told, what the cache answers is not, and no secret is in it', async () => {
  const realm = await adTest()
  const events: object[] = []
  const listen = (event: unknown): void => void (typeof event === 'object' && event && events.push(event))
  subscribe(KDC_CHANNEL, listen)
  try {
    const client = clientOf(realm, 'web')
    const evidence = evidenceFromS4u2self(await client.s4u2self('alice'))
    for (let turn = 0; turn < 3; turn++) await client.s4u2proxy(evidence, 'HTTP/api.ad.test')
    await refusalOf(client.s4u2proxy(evidence, 'HTTP/vault.ad.test'))
    expect(events).toMatchObject([
      { step: 'AS', outcome: 'issued', account: 'web@AD.TEST', target: 'krbtgt' },
      { step: 'S4U2Self', outcome: 'issued', user: 'alice@AD.TEST', forwardable: true },
      {
        step: 'S4U2Proxy',
        outcome: 'issued',
        target: 'HTTP/api.ad.test',
        sessionEncryptionType: 'aes256-cts-hmac-sha1-96',
      },
      {
        step: 'S4U2Proxy',
        outcome: 'failed',
        code: 'KDC_ERR_BADOPTION',
        reason: 'target-not-allowed',
        ntStatus: 'STATUS_NOT_FOUND',
      },
    ])
    expect(inspect(events, { depth: 9, showHidden: true })).not.toMatch(/Uint8Array|Buffer|Key\(/)
  } finally {
    unsubscribe(KDC_CHANNEL, listen)
  }
})

test('a name in another spelling is adopted where that is asked for, and refused otherwise', async () => {
  const realm = await adTest()
  const credentials = { principal: 'ALICE@AD.TEST', password: 'pw-alice' }
  const canonical = await userClient(realm, 'alice', { credentials, canonicalize: true }).ticketFor('HTTP/api.ad.test')
  expect(canonical.client.name.nameString).toEqual(['alice'])
  const asAsked = await userClient(realm, 'alice', { credentials }).ticketFor('HTTP/api.ad.test')
  expect(asAsked.client.name.nameString).toEqual(['ALICE'])
})
