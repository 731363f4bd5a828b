/**
 * Credential cache files (`FILE:` caches): what `kinit` writes and `klist` shows.
 * Source: MIT krb5 documentation, "Credential cache file format".
 */

import { encode } from '../asn1/codec.js'
import { ByteWriter } from '../bytes/byte-writer.js'
import type { CachedCredential, CacheSetting } from './ccache-entry.js'
import { type CacheRecords, readCacheRecords, SETTINGS_NAME, SETTINGS_REALM } from './ccache-records.js'
import { ConfigurationError, MalformedTokenError } from '../errors/errors.js'
import type { LeftOut } from './left-out.js'
import { Ticket } from '../messages/ticket.js'
import { type Principal, samePrincipal } from '../names/principal.js'

export type { CachedCredential, CacheSetting } from './ccache-entry.js'

/** The contents from which a cache file is written. */
export interface CacheContents {
  readonly principal: Principal
  readonly credentials: readonly CachedCredential[]
  readonly settings: readonly CacheSetting[]
  /** Milliseconds to add to the local clock to get the time of the KDC. */
  readonly kdcOffset: number
}

/** The contents of a cache file, and what in it could not be read. */
export interface CredentialCache extends CacheContents {
  /**
   * The entries that could not be read, each with the reason: gssproxy's sealed credentials in
   * place of a ticket, or a key whose length does not fit its type.
   */
  readonly leftOut: readonly LeftOut[]
}

/**
 * Reads a credential cache file of version 1 to 4. An entry that cannot be read goes to `leftOut`;
 * all other entries stay usable.
 *
 * @param source what errors call the file
 *
 * @throws ConfigurationError KRB5_CCACHE_BADVNO (another kind of file) or KRB5_CC_FORMAT (not even
 * the owner's name can be read)
 *
 * @example
 * ```ts
 * import { readFileSync } from 'node:fs'
 * import { decodeCcache, formatPrincipal } from '@s4u/krb5'
 *
 * const { principal, credentials } = decodeCcache(readFileSync('/tmp/krb5cc_1000'))
 * console.log(formatPrincipal(principal), credentials.length)
 * ```
 */
export function decodeCcache(bytes: Uint8Array, source = 'credential cache'): CredentialCache {
  const { principal, kdcOffset, entries, leftOut } = recordsOf(bytes, source)
  const credentials: CachedCredential[] = []
  const settings: CacheSetting[] = []
  for (const { value } of entries) {
    if (value === undefined) continue
    if ('value' in value) settings.push(value)
    else credentials.push(value)
  }
  return { principal, credentials, settings, kdcOffset, leftOut }
}

/**
 * Returns the octets of a cache file of version 4. The file has room for 32 flags of each ticket.
 *
 * @throws ConfigurationError KRB5_CC_FORMAT for a ticket with fewer flags
 *
 * @example
 * ```ts
 * import { encodeCcache, parsePrincipal } from '@s4u/krb5'
 *
 * const principal = parsePrincipal('alice@AD.TEST')
 * encodeCcache({ principal, credentials: [], settings: [], kdcOffset: 0 })
 * ```
 */
export function encodeCcache(cache: CacheContents): Uint8Array {
  const file = new ByteWriter(1024).u16be(0x0504)
  const offset = cache.kdcOffset
  file.u16be(12).u16be(1).u16be(8)
  file.u32be(Math.trunc(offset / 1000)).u32be((offset % 1000) * 1000)
  writePrincipal(file, cache.principal)
  for (const setting of cache.settings) writeSetting(file, cache.principal, setting)
  for (const credential of cache.credentials) writeCredential(file, credential)
  return file.toBytes()
}

/**
 * Returns the file with one more ticket. The ticket replaces an older one of the same client for
 * the same service. In a file of version 4 everything else stays as it is, even unreadable entries;
 * an older version becomes version 4.
 *
 * @throws ConfigurationError as `decodeCcache` and `encodeCcache` do
 *
 * @example
 * ```ts
 * import { addToCcache, type CachedCredential } from '@s4u/krb5'
 *
 * export function withTicket(file: Uint8Array, credential: CachedCredential): Uint8Array {
 *   return addToCcache(file, credential, '/tmp/krb5cc_1000')
 * }
 * ```
 */
export function addToCcache(bytes: Uint8Array, credential: CachedCredential, source?: string): Uint8Array {
  if (bytes[1] !== 4) {
    const cache = decodeCcache(bytes, source)
    const others = cache.credentials.filter((one) => !isReplaced(one, credential))
    return encodeCcache({ ...cache, credentials: [...others, credential] })
  }
  const { start, entries } = recordsOf(bytes, source)
  const file = new ByteWriter(bytes.length + 1024).bytes(bytes.subarray(0, start))
  for (const entry of entries)
    if (!isReplaced(entry.value, credential)) file.bytes(bytes.subarray(entry.start, entry.end))
  writeCredential(file, credential)
  return file.toBytes()
}

/**
 * Returns the octets of one ticket, or of one setting of the cache of `principal`, as version 4 has
 * them. The protocol of KCM uses the same form.
 *
 * @example
 * ```ts
 * import { encodeCacheEntry, parsePrincipal } from '@s4u/krb5'
 *
 * const setting = { name: 'fast_avail', value: new TextEncoder().encode('yes') }
 * encodeCacheEntry(setting, parsePrincipal('alice@AD.TEST'))
 * ```
 */
export function encodeCacheEntry(entry: CachedCredential | CacheSetting, principal: Principal): Uint8Array {
  const octets = new ByteWriter(1024)
  if ('value' in entry) writeSetting(octets, principal, entry)
  else writeCredential(octets, entry)
  return octets.toBytes()
}

/**
 * Returns the octets of a name in the form with which a cache of version 4 begins.
 *
 * @example
 * ```ts
 * import { encodeCachePrincipal, parsePrincipal } from '@s4u/krb5'
 *
 * encodeCachePrincipal(parsePrincipal('alice@AD.TEST'))
 * ```
 */
export function encodeCachePrincipal(principal: Principal): Uint8Array {
  const octets = new ByteWriter()
  writePrincipal(octets, principal)
  return octets.toBytes()
}

function recordsOf(bytes: Uint8Array, source = 'credential cache'): CacheRecords {
  const version = bytes[1]
  if (bytes[0] !== 5 || !(version >= 1 && version <= 4)) throw notACache(bytes, source)
  try {
    return readCacheRecords(bytes, version)
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

function notACache(bytes: Uint8Array, source: string): ConfigurationError {
  const what = bytes.length === 0 ? 'it is empty' : 'it begins with something else'
  return new ConfigurationError(
    `${source} is not a credential cache: expected a file that begins with 05 01 to 05 04, and ${what}`,
    {
      code: 'KRB5_CCACHE_BADVNO',
      hint: 'Run kinit, which writes the cache anew, or name the one that it has written: klist says which.',
    },
  )
}

function isReplaced(old: CachedCredential | CacheSetting | undefined, { client, server, isSkey }: CachedCredential) {
  if (old === undefined || 'value' in old) return false
  return old.isSkey === isSkey && samePrincipal(old.client, client) && samePrincipal(old.server, server)
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
    if (type < -0x8000 || type > 0x7fff) {
      const expected = `expected a type of 16 bits, found ${type}`
      throw new ConfigurationError(`cannot encode: ${expected}`, { code: 'KRB5_CC_FORMAT' })
    }
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
