/**
 * Credential cache files (`FILE:` caches): what `kinit` writes and `klist` shows.
 * Source: MIT krb5 documentation, "Credential cache file format".
 */

import { decode, encode } from './asn1/codec.js'
import type { KerberosFlags } from './asn1/primitives.js'
import { ByteReader } from './bytes/byte-reader.js'
import { ByteWriter } from './bytes/byte-writer.js'
import { Key } from './crypto/key.js'
import { ConfigurationError, MalformedTokenError } from './errors.js'
import type { AuthorizationData } from './messages/authorization-data.js'
import { type HostAddress, Ticket } from './messages/ticket.js'
import type { Principal } from './principal.js'

/** One ticket with what its holder must know. Times are milliseconds since the epoch, 0 where there is none. */
export interface CachedCredential {
  readonly client: Principal
  readonly server: Principal
  readonly key: Key
  readonly authtime: number
  readonly starttime: number
  readonly endtime: number
  readonly renewTill: number
  /** The ticket is sealed with a session key (user-to-user). */
  readonly isSkey: boolean
  readonly flags: KerberosFlags
  readonly addresses: readonly HostAddress[]
  readonly authorizationData: AuthorizationData
  readonly ticket: Ticket
  /** Octets of the second ticket of a user-to-user exchange, else empty. */
  readonly secondTicket: Uint8Array
}

/** A setting that MIT keeps in the cache among the tickets, such as `fast_avail` or `proxy_impersonator`. */
export interface CacheSetting {
  readonly name: string
  readonly principal?: string
  readonly value: Uint8Array
}

export interface CredentialCache {
  readonly principal: Principal
  readonly credentials: readonly CachedCredential[]
  readonly settings: readonly CacheSetting[]
  /** What to add to the local clock to get the KDC's, milliseconds. */
  readonly kdcOffset: number
}

const SETTINGS_REALM = 'X-CACHECONF:'
/** Where a setting was that has been removed. A ticket that has been removed has no end, and this as its beginning. */
const REMOVED_SETTINGS_REALM = 'X-RMED-CONF:'
const REMOVED_AUTHTIME = 0xffff_ffff * 1000
const SETTINGS_NAME = 'krb5_ccache_conf_data'

/** Tickets in one cache; a user who visits hundreds of services in a day stays far below. */
const MAX_CREDENTIALS = 10_000

/** Reads versions 1 to 4. @throws ConfigurationError KRB5_CCACHE_BADVNO (another kind of file) or KRB5_CC_FORMAT (damaged) */
export function decodeCcache(bytes: Uint8Array, source = 'credential cache'): CredentialCache {
  const version = bytes[1]
  if (bytes[0] !== 5 || !(version >= 1 && version <= 4)) {
    throw new ConfigurationError(
      `${source} is not a credential cache: expected a file that begins with 05 01 to 05 04`,
      {
        code: 'KRB5_CCACHE_BADVNO',
        hint: 'Only FILE: caches can be read. Set KRB5CCNAME=FILE:/path and run kinit again.',
      },
    )
  }
  try {
    return new CacheReader(bytes, version).read()
  } catch (error) {
    if (!(error instanceof MalformedTokenError)) throw error
    const hint = 'Run kinit again; a cache that is being written can be cut short.'
    throw new ConfigurationError(`${source} is damaged: ${error.message}`, {
      code: 'KRB5_CC_FORMAT',
      hint,
      cause: error,
    })
  }
}

/** The file, version 4. It has room for 32 flags of a ticket. @throws ConfigurationError for fewer */
export function encodeCcache(cache: CredentialCache): Uint8Array {
  const file = new ByteWriter(1024).u16be(0x0504)
  const offset = cache.kdcOffset
  file.u16be(12).u16be(1).u16be(8)
  file.u32be(Math.trunc(offset / 1000)).u32be((offset % 1000) * 1000)
  writePrincipal(file, cache.principal)
  for (const setting of cache.settings) writeSetting(file, cache.principal, setting)
  for (const credential of cache.credentials) writeCredential(file, credential)
  return file.toBytes()
}

class CacheReader {
  private readonly reader: ByteReader
  private readonly version: number
  private readonly u16: (field: string) => number
  private readonly u32: (field: string) => number

  constructor(bytes: Uint8Array, version: number) {
    const reader = new ByteReader(bytes, 'ccache')
    // Versions 1 and 2 are in the byte order of the machine that wrote them: all that are left are little-endian.
    const big = version >= 3
    this.u16 = big ? (field) => reader.u16be(field) : (field) => reader.u16le(field)
    this.u32 = big ? (field) => reader.u32be(field) : (field) => reader.u32le(field)
    this.reader = reader
    this.version = version
  }

  read(): CredentialCache {
    const { reader } = this
    reader.skip(2, 'version')
    const kdcOffset = this.version === 4 ? this.header() : 0
    const principal = this.principal('principal')
    const credentials: CachedCredential[] = []
    const settings: CacheSetting[] = []
    let count = 0
    while (reader.remaining > 0) {
      const field = `credentials[${count}]`
      if (++count > MAX_CREDENTIALS) reader.fail(field, `at most ${MAX_CREDENTIALS}`, 'more')
      const entry = this.credential(field)
      if (entry === undefined) continue
      if ('value' in entry) settings.push(entry)
      else credentials.push(entry)
    }
    return { principal, credentials, settings, kdcOffset }
  }

  /** Tagged fields; 1 is the offset to the KDC's clock, seconds and microseconds. The header may be empty. */
  private header(): number {
    const header = this.reader.sub(this.u16('header.length'), 'header')
    let offset = 0
    while (header.remaining > 0) {
      const tag = header.u16be('tag')
      const field = header.sub(header.u16be('length'), 'field')
      if (tag === 1 && field.length === 8)
        offset = field.i32be('seconds') * 1000 + Math.trunc(field.i32be('usec') / 1000)
    }
    return offset
  }

  private principal(field: string): Principal {
    const nameType = this.version === 1 ? 0 : this.u32(`${field}.nameType`) | 0
    const count = this.u32(`${field}.count`) - (this.version === 1 ? 1 : 0)
    if (count < 0) this.reader.fail(field, 'a realm', 'none')
    this.reader.expectElements(count + 1, 4, field)
    const realm = this.text(`${field}.realm`)
    const nameString = Array.from({ length: count }, (_, index) => this.text(`${field}.component[${index}]`))
    return { name: { nameType, nameString }, realm }
  }

  /** Undefined for what has been removed: files are not rewritten for that, the entry is only marked. */
  private credential(field: string): CachedCredential | CacheSetting | undefined {
    const client = this.principal(`${field}.client`)
    const server = this.principal(`${field}.server`)
    const etype = (this.u16(`${field}.key.etype`) << 16) >> 16
    if (this.version === 3) this.u16(`${field}.key.etype`)
    const keyValue = this.octets(`${field}.key`)
    const [authtime, starttime, endtime, renewTill] = [0, 1, 2, 3].map(() => this.u32(`${field}.times`) * 1000)
    const isSkey = this.reader.u8(`${field}.is-skey`) !== 0
    const flags = this.flags(`${field}.flags`)
    const addresses = this.list(`${field}.addresses`).map(([addrType, address]) => ({ addrType, address }))
    const authorizationData = this.list(`${field}.authdata`).map(([adType, adData]) => ({ adType, adData }))
    const ticket = this.octets(`${field}.ticket`)
    const secondTicket = this.octets(`${field}.second-ticket`)
    if (server.realm === SETTINGS_REALM && server.name.nameString[0] === SETTINGS_NAME) {
      return { name: server.name.nameString[1] ?? '', principal: server.name.nameString[2], value: ticket }
    }
    if (server.realm === REMOVED_SETTINGS_REALM || (endtime === 0 && authtime === REMOVED_AUTHTIME)) return undefined
    const times = { authtime, starttime, endtime, renewTill }
    const key = new Key(etype, keyValue)
    return {
      client,
      server,
      key,
      ...times,
      isSkey,
      flags,
      addresses,
      authorizationData,
      ticket: decode(Ticket, ticket),
      secondTicket,
    }
  }

  /** A number in the file's byte order, unlike the bit string it stands for. */
  private flags(field: string): KerberosFlags {
    const flags = new Uint8Array(4)
    new DataView(flags.buffer).setUint32(0, this.u32(field))
    return flags
  }

  private list(field: string): [number, Uint8Array][] {
    const count = this.u32(`${field}.count`)
    this.reader.expectElements(count, 6, field)
    return Array.from({ length: count }, (_, index) => [
      this.u16(`${field}[${index}].type`),
      this.octets(`${field}[${index}]`),
    ])
  }

  private octets(field: string): Uint8Array {
    return this.reader.bytes(this.u32(`${field}.length`), field)
  }

  private text(field: string): string {
    const octets = this.octets(field)
    try {
      return decoder.decode(octets)
    } catch {
      return this.reader.fail(field, 'UTF-8', 'other octets')
    }
  }
}

function writePrincipal(file: ByteWriter, { name, realm }: Principal): void {
  file.u32be(name.nameType).u32be(name.nameString.length)
  for (const text of [realm, ...name.nameString]) writeOctets(file, encoder.encode(text))
}

function writeOctets(file: ByteWriter, octets: Uint8Array): void {
  file.u32be(octets.length).bytes(octets)
}

function writeCredential(file: ByteWriter, credential: CachedCredential): void {
  writePrincipal(file, credential.client)
  writePrincipal(file, credential.server)
  file.u16be(credential.key.etype)
  writeOctets(file, credential.key.exposeSecretBytes())
  const { authtime, starttime, endtime, renewTill } = credential
  for (const time of [authtime, starttime, endtime, renewTill]) file.u32be(Math.floor(time / 1000))
  if (credential.flags.length < 4) {
    const found = `found ${credential.flags.length * 8}`
    throw new ConfigurationError(`cannot encode: expected 32 flags of a ticket, ${found}`, { code: 'KRB5_CC_FORMAT' })
  }
  file.u8(credential.isSkey ? 1 : 0).bytes(credential.flags.subarray(0, 4))
  writeList(
    file,
    credential.addresses.map(({ addrType, address }) => [addrType, address]),
  )
  writeList(
    file,
    credential.authorizationData.map(({ adType, adData }) => [adType, adData]),
  )
  writeOctets(file, encode(Ticket, credential.ticket))
  writeOctets(file, credential.secondTicket)
}

function writeList(file: ByteWriter, list: readonly (readonly [number, Uint8Array])[]): void {
  file.u32be(list.length)
  for (const [type, octets] of list) {
    file.u16be(type)
    writeOctets(file, octets)
  }
}

function writeSetting(file: ByteWriter, client: Principal, { name, principal, value }: CacheSetting): void {
  const nameString = [SETTINGS_NAME, name, ...(principal === undefined ? [] : [principal])]
  writePrincipal(file, client)
  writePrincipal(file, { name: { nameType: 0, nameString }, realm: SETTINGS_REALM })
  file
    .u16be(0)
    .u32be(0)
    .zeros(4 * 4 + 1 + 4 + 4 + 4)
  writeOctets(file, value)
  file.u32be(0)
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
