import {
  type CachedCredential,
  encodeCcache,
  formatPrincipal,
  kerberosFlags,
  Key,
  parsePrincipal,
  TicketFlag,
} from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { createKdcClient } from '../client/create-kdc-client.js'
import type { KdcClient } from '../client/kdc-client.js'
import type { TicketOptions } from './ticket-options.js'

const NOW = 1_700_000_000_000
const HOUR = 3_600_000

const credential = (server: string, changes: Partial<CachedCredential> = {}): CachedCredential => ({
  client: parsePrincipal('alice@AD.TEST'),
  server: parsePrincipal(server),
  key: Key.random(18),
  ...{ authtime: NOW - HOUR, starttime: NOW - HOUR, endtime: NOW + 10 * HOUR, renewTill: 0, isSkey: false },
  flags: kerberosFlags(TicketFlag.FORWARDABLE, 31),
  addresses: [],
  authorizationData: [],
  ticket: {
    realm: 'AD.TEST',
    sname: { nameType: 2, nameString: ['HTTP', 'api.ad.test'] },
    encPart: { etype: 18, kvno: 1, cipher: crypto.getRandomValues(new Uint8Array(8)) },
  },
  secondTicket: new Uint8Array(0),
  ...changes,
})

/** Of alice, with a KDC that says nothing. */
function clientOf(credentials: readonly CachedCredential[]): { client: KdcClient; asked: () => number } {
  const ccache = encodeCcache({ principal: parsePrincipal('alice@AD.TEST'), credentials, settings: [], kdcOffset: 0 })
  let asked = 0
  const kdc = async (): Promise<never> => {
    asked++
    throw new Error('not reachable')
  }
  return { client: createKdcClient({ kdc, credentials: { ccache }, now: () => NOW }), asked: () => asked }
}

const API = 'HTTP/api.ad.test'
const TGT = credential('krbtgt/AD.TEST@AD.TEST')

describe('a ticket that the credential cache has', () => {
  test('is used before a KDC is asked, and without a ticket-granting ticket', async () => {
    const [older, api] = [credential(`${API}@AD.TEST`, { endtime: NOW + HOUR }), credential(`${API}@AD.TEST`)]
    const { client, asked } = clientOf([older, api])
    const ticket = await client.ticketFor(API)
    expect([formatPrincipal(ticket.client), formatPrincipal(ticket.service), ticket.expiresAt]).toEqual([
      'alice@AD.TEST',
      `${API}@AD.TEST`,
      NOW + 10 * HOUR,
    ])
    expect(ticket.sessionKey.equals(api.key)).toBe(true)
    expect(await client.ticketFor(`${API}@AD.TEST`)).toBe(ticket)
    expect(asked()).toBe(0)
  })

  test('is used under its own name, where it was asked for without a realm and referrals led to it', async () => {
    const referred = { ...credential('x@y'), server: { name: parsePrincipal(`${API}@AD.TEST`).name, realm: '' } }
    const { client } = clientOf([referred])
    expect(formatPrincipal((await client.ticketFor(API)).service)).toBe(`${API}@AD.TEST`)
    await expect(clientOf([TGT, referred]).client.ticketFor(`${API}@OTHER.TEST`)).rejects.toThrow('not reachable')
  })

  const other: readonly [string, Partial<CachedCredential>, TicketOptions?][] = [
    ['of a user whom its owner acted for', { client: parsePrincipal('bob@AD.TEST') }],
    ['of a service of that name in another realm', { server: parsePrincipal(`${API}@OTHER.TEST`) }],
    ['of another service', { server: parsePrincipal('HTTP/api2.ad.test@AD.TEST') }],
    ['of a longer name', { server: parsePrincipal(`${API}/x@AD.TEST`) }],
    ['that has ended', { endtime: NOW - 1 }],
    ['that is about to end', { endtime: NOW + 30_000 }],
    ['that begins later', { starttime: NOW + HOUR }],
    ['that is not valid yet', { flags: kerberosFlags(TicketFlag.INVALID, 31) }],
    ['sealed with a session key', { isSkey: true }],
    ['whose session key is of a type that was not named', { key: Key.random(23) }],
    ['when a fresh one is wanted', {}, { fresh: true }],
    ['when one is wanted that is younger', {}, { maxAge: HOUR }],
  ]
  test.each(other)('%s is not used in place of asking', async (_which, changes, options) => {
    const { client, asked } = clientOf([TGT, credential(`${API}@AD.TEST`, changes)])
    await expect(client.ticketFor(API, options)).rejects.toThrow('not reachable')
    expect(asked()).toBeGreaterThan(0)
  })

  test('and is not the one that is wanted, is named where there is no ticket-granting ticket', async () => {
    const { client } = clientOf([credential(`${API}@AD.TEST`)])
    await expect(client.ticketFor('HTTP/web.ad.test')).rejects.toMatchObject({
      code: 'KRB5_CC_NOTFOUND',
      message: `the credential cache of alice@AD.TEST holds no ticket-granting ticket, but for ${API}@AD.TEST`,
      hint: 'Run kinit alice@AD.TEST.',
    })
  })
})

test('a cache whose tickets gssproxy has sealed says that they are for gssproxy alone', () => {
  expect(() => clientOf([credential('Encrypted/Credentials/v1@X-GSSPROXY:')])).toThrow(
    expect.objectContaining({
      code: 'KRB5_CC_NOTFOUND',
      message: expect.stringMatching(
        /holds no ticket-granting ticket, nor any other; left out as unreadable: credentials\[0\] of Encrypted\/Credentials\/v1@X-GSSPROXY: \(ticket: expected a ticket, found credentials that gssproxy alone can open\)$/,
      ),
      hint: expect.stringContaining('its own keytab'),
    }),
  )
})
