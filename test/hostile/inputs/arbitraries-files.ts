import type { CachedCredential, CacheContents, KeytabEntry, Principal, Ticket } from '@s4u/krb5'
import { Key } from '@s4u/krb5'
import * as fc from 'fast-check'
import { arbitraryMessage } from './arbitraries.js'
import { u32 } from './arbitraries-pac.js'

/**
 * What can be in a keytab and in a credential cache. Names there may be anything that UTF-8 can
 * say.
 */

const text = fc.string({ unit: 'binary', maxLength: 20 })
const octets = fc.uint8Array({ maxLength: 40 })
/** Types of addresses and of authorization data keep their sign. */
const i16 = fc.integer({ min: -0x8000, max: 0x7fff })
const seconds = u32.map((value) => value * 1000)

const principal: fc.Arbitrary<Principal> = fc.record({
  name: fc.record({
    nameType: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    nameString: fc.array(text, { maxLength: 4 }),
  }),
  realm: text,
})

/** Of every type that we know, and of one that nobody does. */
const key: fc.Arbitrary<Key> = fc.oneof(
  fc
    .constantFrom<[number, number]>([17, 16], [18, 32], [19, 16], [20, 32], [23, 16], [25, 16], [26, 32])
    .chain(([etype, length]) => keyOf(etype, length, length)),
  fc.constantFrom(-133, 999).chain((etype) => keyOf(etype, 0, 40)),
)

export const keytabEntries: fc.Arbitrary<readonly KeytabEntry[]> = fc.array(
  fc.record({ principal, kvno: u32, key, timestamp: seconds }),
  { maxLength: 4 },
)

// The ASN.1 of the message gives values of its type.
const ticket = arbitraryMessage('Ticket') as fc.Arbitrary<Ticket>

const credential: fc.Arbitrary<CachedCredential> = fc.record({
  client: principal,
  server: principal,
  key,
  authtime: seconds,
  starttime: seconds,
  // Without an end it would be a ticket that has been removed.
  endtime: seconds.map((time) => time || 1000),
  renewTill: seconds,
  isSkey: fc.boolean(),
  flags: fc.uint8Array({ minLength: 4, maxLength: 4 }),
  addresses: fc.array(fc.record({ addrType: i16, address: octets }), { maxLength: 3 }),
  authorizationData: fc.array(fc.record({ adType: i16, adData: octets }), { maxLength: 3 }),
  ticket,
  secondTicket: octets,
})

export const credentialCache: fc.Arbitrary<CacheContents> = fc.record({
  principal,
  credentials: fc.array(credential, { maxLength: 3 }),
  settings: fc.array(fc.record({ name: text, principal: fc.option(text, { nil: undefined }), value: octets }), {
    maxLength: 3,
  }),
  kdcOffset: fc.integer({ min: -(2 ** 31) * 1000, max: (2 ** 31 - 1) * 1000 }),
})

function keyOf(etype: number, minLength: number, maxLength: number): fc.Arbitrary<Key> {
  return fc.uint8Array({ minLength, maxLength }).map((value) => new Key(etype, value))
}
