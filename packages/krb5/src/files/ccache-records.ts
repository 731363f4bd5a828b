/**
 * Reads the entries of a credential cache one by one. First it finds where an entry begins and
 * ends, then it reads the contents. An entry whose contents are wrong is left out, and reading goes
 * on behind it.
 */

import { decode } from '../asn1/codec.js'
import type { KerberosFlags } from '../asn1/primitives.js'
import { ByteReader } from '../bytes/byte-reader.js'
import type { CachedCredential, CacheSetting } from './ccache-entry.js'
import { Key } from '../crypto/key.js'
import { type LeftOut, leftOutFor, legibleName } from './left-out.js'
import { Ticket } from '../messages/ticket.js'
import type { Principal } from '../names/principal.js'

/**
 * The most tickets in one cache. A user who visits hundreds of services in a day stays far below.
 */
const MAX_CREDENTIALS = 10_000

export interface CacheEntry {
  /** The offsets of the entry in the file, so that it can be copied unchanged. */
  readonly start: number
  readonly end: number
  /** Undefined if the entry was removed, or is left out as unreadable. */
  readonly value: CachedCredential | CacheSetting | undefined
}

export interface CacheRecords {
  readonly kdcOffset: number
  readonly principal: Principal
  /** The offset of the first entry, behind the header and the principal. */
  readonly start: number
  readonly entries: readonly CacheEntry[]
  readonly leftOut: readonly LeftOut[]
}

/**
 * Reads all entries of a cache.
 *
 * @throws MalformedTokenError if not even the name of the cache's owner can be read
 */
export function readCacheRecords(bytes: Uint8Array, version: number): CacheRecords {
  return new CacheReader(bytes, version).read()
}

/** The octets of a name, before they are checked to be text. */
interface NameOctets {
  readonly nameType: number
  readonly realm: Uint8Array
  readonly components: readonly Uint8Array[]
}

interface EntryOctets {
  readonly client: NameOctets
  readonly server: NameOctets
  readonly etype: number
  readonly keyValue: Uint8Array
  readonly times: readonly number[]
  readonly isSkey: boolean
  readonly flags: KerberosFlags
  readonly addresses: readonly (readonly [number, Uint8Array])[]
  readonly authorizationData: readonly (readonly [number, Uint8Array])[]
  readonly ticket: Uint8Array
  readonly secondTicket: Uint8Array
}

class CacheReader {
  readonly #reader: ByteReader
  readonly #version: number
  readonly #u16: (field: string) => number
  readonly #u32: (field: string) => number

  constructor(bytes: Uint8Array, version: number) {
    const reader = new ByteReader(bytes, 'ccache')
    // Versions 1 and 2 have the byte order of the machine that wrote them. The machines still in
    // use are little-endian.
    const big = version >= 3
    this.#u16 = big ? (field) => reader.u16be(field) : (field) => reader.u16le(field)
    this.#u32 = big ? (field) => reader.u32be(field) : (field) => reader.u32le(field)
    this.#reader = reader
    this.#version = version
  }

  read(): CacheRecords {
    const reader = this.#reader
    reader.skip(2, 'version')
    const kdcOffset = this.#version === 4 ? this.#header() : 0
    const principal = principalOf(reader, this.#name('principal'), 'principal')
    const [start, entries, leftOut]: [number, CacheEntry[], LeftOut[]] = [reader.offset, [], []]
    while (reader.remaining > 0) {
      const record = `credentials[${entries.length}]`
      const begin = reader.offset
      let octets: EntryOctets | undefined
      try {
        if (entries.length === MAX_CREDENTIALS) reader.fail(record, `at most ${MAX_CREDENTIALS}`, 'more')
        octets = this.#entry(record)
        entries.push({ start: begin, end: reader.offset, value: valueOf(reader, octets, record) })
      } catch (error) {
        leftOut.push(leftOutFor(record, octets && nameIn(octets.server), error))
        // An entry does not say how long it is: behind one that breaks off, the next one cannot be
        // found.
        if (octets === undefined) break
        entries.push({ start: begin, end: reader.offset, value: undefined })
      }
    }
    return { kdcOffset, principal, start, entries, leftOut }
  }

  /**
   * Reads the tagged fields of the header. Tag 1 is the offset to the clock of the KDC, in seconds
   * and microseconds. The header may be empty.
   */
  #header(): number {
    const header = this.#reader.sub(this.#u16('header.length'), 'header')
    let offset = 0
    while (header.remaining > 0) {
      const tag = header.u16be('tag')
      const field = header.sub(header.u16be('length'), 'field')
      if (tag === 1 && field.length === 8)
        offset = field.i32be('seconds') * 1000 + Math.trunc(field.i32be('usec') / 1000)
    }
    return offset
  }

  #name(field: string): NameOctets {
    const nameType = this.#version === 1 ? 0 : this.#u32(`${field}.nameType`) | 0
    const count = this.#u32(`${field}.count`) - (this.#version === 1 ? 1 : 0)
    if (count < 0) this.#reader.fail(field, 'a realm', 'none')
    this.#reader.expectElements(count + 1, 4, field)
    const realm = this.#octets(`${field}.realm`)
    const components = Array.from({ length: count }, (_, index) => this.#octets(`${field}.component[${index}]`))
    return { nameType, realm, components }
  }

  #entry(field: string): EntryOctets {
    const client = this.#name(`${field}.client`)
    const server = this.#name(`${field}.server`)
    const etype = signed(this.#u16(`${field}.key.etype`))
    if (this.#version === 3) this.#u16(`${field}.key.etype`)
    const keyValue = this.#octets(`${field}.key`)
    const times = [0, 1, 2, 3].map(() => this.#u32(`${field}.times`) * 1000)
    const isSkey = this.#reader.u8(`${field}.is-skey`) !== 0
    const flags = this.#flags(`${field}.flags`)
    const addresses = this.#list(`${field}.addresses`)
    const authorizationData = this.#list(`${field}.authdata`)
    const ticket = this.#octets(`${field}.ticket`)
    const secondTicket = this.#octets(`${field}.second-ticket`)
    return {
      client,
      server,
      etype,
      keyValue,
      times,
      isSkey,
      flags,
      addresses,
      authorizationData,
      ticket,
      secondTicket,
    }
  }

  /** The file has a number in its own byte order, where messages have a bit string. */
  #flags(field: string): KerberosFlags {
    const flags = new Uint8Array(4)
    new DataView(flags.buffer).setUint32(0, this.#u32(field))
    return flags
  }

  /**
   * Types are Int32 in messages (RFC 4120 section 5.2.6), and negative for local use. The file has
   * only 16 bits for each.
   */
  #list(field: string): [number, Uint8Array][] {
    const count = this.#u32(`${field}.count`)
    this.#reader.expectElements(count, 6, field)
    return Array.from({ length: count }, (_, index) => [
      signed(this.#u16(`${field}[${index}].type`)),
      this.#octets(`${field}[${index}]`),
    ])
  }

  #octets(field: string): Uint8Array {
    return this.#reader.bytes(this.#u32(`${field}.length`), field)
  }
}

export const SETTINGS_REALM = 'X-CACHECONF:'
export const SETTINGS_NAME = 'krb5_ccache_conf_data'
/**
 * The realm that marks a removed setting. A removed ticket has no end, and this number as its
 * start.
 */
const REMOVED_SETTINGS_REALM = 'X-RMED-CONF:'
const REMOVED_AUTHTIME = 0xffff_ffff * 1000
/**
 * The realm that marks what gssproxy hands to its programs: credentials under a key that only
 * gssproxy has.
 */
const GSSPROXY_REALM = 'X-GSSPROXY:'

/**
 * Returns the ticket or the setting in an entry; undefined if it was removed. Programs do not
 * rewrite the file to remove an entry, they only mark it.
 *
 * @throws MalformedTokenError
 */
function valueOf(reader: ByteReader, octets: EntryOctets, record: string): CacheEntry['value'] {
  const server = principalOf(reader, octets.server, `${record}.server`)
  const { nameString } = server.name
  const [authtime, starttime, endtime, renewTill] = octets.times
  if (server.realm === SETTINGS_REALM && nameString[0] === SETTINGS_NAME)
    return { name: nameString[1] ?? '', principal: nameString[2], value: octets.ticket }
  if (server.realm === REMOVED_SETTINGS_REALM || (endtime === 0 && authtime === REMOVED_AUTHTIME)) return undefined
  if (server.realm === GSSPROXY_REALM)
    return reader.fail(`${record}.ticket`, 'a ticket', 'credentials that gssproxy alone can open')
  const { isSkey, flags, secondTicket } = octets
  return {
    client: principalOf(reader, octets.client, `${record}.client`),
    server,
    key: new Key(octets.etype, octets.keyValue),
    ...{ authtime, starttime, endtime, renewTill, isSkey, flags },
    addresses: octets.addresses.map(([addrType, address]) => ({ addrType, address })),
    authorizationData: octets.authorizationData.map(([adType, adData]) => ({ adType, adData })),
    ticket: decode(Ticket, octets.ticket),
    secondTicket,
  }
}

function signed(number16: number): number {
  return (number16 << 16) >> 16
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
/** Octets that are not UTF-8 mostly come from the time before it. */
const lenient = new TextDecoder('latin1')

function principalOf(reader: ByteReader, { nameType, realm, components }: NameOctets, field: string): Principal {
  const text = (octets: Uint8Array, of: string): string => {
    try {
      return strict.decode(octets)
    } catch {
      return reader.fail(`${field}.${of}`, 'UTF-8', 'other octets')
    }
  }
  const nameString = components.map((octets, index) => text(octets, `component[${index}]`))
  return { name: { nameType, nameString }, realm: text(realm, 'realm') }
}

/** Returns the name in an unreadable entry, for messages. */
function nameIn({ nameType, realm, components }: NameOctets): string | undefined {
  const nameString = components.map((octets) => lenient.decode(octets))
  return legibleName({ name: { nameType, nameString }, realm: lenient.decode(realm) })
}
