/**
 * The requests to a KCM and its answers, as octets. The socket is in kcm-cache.ts. A KCM is a
 * daemon that keeps the credential caches of a machine's users in its memory (the default of RHEL
 * and Fedora). Source: MIT krb5, include/kcm.h, and Heimdal's lib/krb5/kcm.h.
 */

import {
  ByteReader,
  ByteWriter,
  type CacheContents,
  type CachedCredential,
  ConfigurationError,
  type CredentialCache,
  decodeCcache,
  encodeCacheEntry,
  encodeCachePrincipal,
  type LeftOut,
  shownName,
} from '@s4u/krb5'

/** A conversation: it yields each request, and receives the answer. */
export type KcmDialogue<T> = Generator<Uint8Array, T, Uint8Array>

/**
 * The KCM refuses, or closes the connection. Some versions do that when they do not know a request.
 */
export class KcmRefusal extends Error {
  /** A code of MIT's table; undefined if the KCM gives none. */
  readonly code: number | undefined

  constructor(code?: number) {
    super(code === undefined ? 'the KCM has closed the connection' : `the KCM answers ${code}`)
    this.code = code
  }
}

const NO_SUCH_CACHE = -1765328189
const NO_SUCH_CREDENTIAL = -1765328243

const Op = {
  GEN_NEW: 3,
  INITIALIZE: 4,
  DESTROY: 5,
  STORE: 6,
  GET_PRINCIPAL: 8,
  GET_CRED_UUID_LIST: 9,
  GET_CRED_BY_UUID: 10,
  GET_CACHE_UUID_LIST: 18,
  GET_CACHE_BY_UUID: 19,
  GET_DEFAULT_CACHE: 20,
  SET_DEFAULT_CACHE: 21,
  /** Known only to MIT and sssd. */
  GET_CRED_LIST: 13001,
} as const

const UUID_OCTETS = 16

/**
 * Reads a cache.
 *
 * @param cache the name of the cache; empty for the current one
 * @throws KcmRefusal, ConfigurationError
 */
export function* readCache(cache: string): KcmDialogue<CredentialCache> {
  const name = yield* nameOf(cache)
  const principal = yield* principalOf(name)
  if (principal === undefined) throw noCache(name)
  const read = (yield* credentialsOf(name)).map((octets) =>
    decodeCcache(fileOf(principal, octets), 'the credential cache in the KCM'),
  )
  const { principal: owner } = decodeCcache(fileOf(principal), 'the credential cache in the KCM')
  return {
    principal: owner,
    credentials: read.flatMap(({ credentials }) => credentials),
    settings: read.flatMap(({ settings }) => settings),
    // The offset is not asked for: Heimdal's KCM has answered with random octets.
    kdcOffset: 0,
    leftOut: read.flatMap(({ leftOut }, index) => leftOut.map((one) => numbered(one, index))),
  }
}

/**
 * Gives an unreadable entry its number in the cache: each entry is read as a file of its own here.
 */
function numbered(leftOut: LeftOut, index: number): LeftOut {
  return { ...leftOut, record: leftOut.record.replace(/\[\d+\]/, `[${index}]`) }
}

/**
 * As kinit does: overwrites the cache of this principal, or makes a new one. Caches of other
 * principals stay. The cache becomes the current one.
 *
 * @throws KcmRefusal
 */
export function* replaceCache(cache: string, contents: CacheContents): KcmDialogue<void> {
  const { principal, settings, credentials } = contents
  const name = cache === '' ? yield* cacheNameFor(encodeCachePrincipal(principal)) : cache
  yield* ask(Op.INITIALIZE, terminated(name), encodeCachePrincipal(principal))
  for (const entry of [...settings, ...credentials])
    yield* ask(Op.STORE, terminated(name), encodeCacheEntry(entry, principal))
  if (cache === '') yield* ask(Op.SET_DEFAULT_CACHE, terminated(name))
}

/**
 * Adds a ticket to a cache.
 *
 * @throws KcmRefusal; ConfigurationError KRB5_FCC_NOFILE if there is no such cache
 */
export function* storeCredential(cache: string, credential: CachedCredential): KcmDialogue<void> {
  const name = yield* nameOf(cache)
  if ((yield* principalOf(name)) === undefined) throw noCache(name)
  yield* ask(Op.STORE, terminated(name), encodeCacheEntry(credential, credential.client))
}

/**
 * Deletes a cache; returns false if there was none.
 *
 * @throws KcmRefusal
 */
export function* destroyCache(cache: string): KcmDialogue<boolean> {
  const name = yield* nameOf(cache)
  if ((yield* principalOf(name)) === undefined) return false
  yield* ask(Op.DESTROY, terminated(name))
  return true
}

/**
 * Returns the names of the user's caches, the current one first.
 *
 * @throws KcmRefusal
 */
export function* listCaches(): KcmDialogue<readonly string[]> {
  const current = yield* nameOf('')
  const names = (yield* allNames()).filter((name) => name !== current)
  return (yield* principalOf(current)) === undefined ? names : [current, ...names]
}

function* allNames(): KcmDialogue<string[]> {
  const names: string[] = []
  for (const uuid of uuidsIn(yield* ask(Op.GET_CACHE_UUID_LIST))) {
    const answer = yield* unlessGone(ask(Op.GET_CACHE_BY_UUID, uuid))
    if (answer !== undefined) names.push(textIn(answer))
  }
  return names
}

function* cacheNameFor(principal: Uint8Array): KcmDialogue<string> {
  const current = yield* nameOf('')
  const owner = yield* principalOf(current)
  if (owner === undefined || isSame(owner, principal)) return current
  for (const name of yield* allNames()) {
    const other = yield* principalOf(name)
    if (other !== undefined && isSame(other, principal)) return name
  }
  return textIn(yield* ask(Op.GEN_NEW))
}

function* nameOf(cache: string): KcmDialogue<string> {
  return cache === '' ? textIn(yield* ask(Op.GET_DEFAULT_CACHE)) : cache
}

/**
 * Returns the principal of a cache; undefined if there is no such cache. Some versions give an
 * empty answer then.
 */
function* principalOf(name: string): KcmDialogue<Uint8Array | undefined> {
  const answer = yield* unlessGone(ask(Op.GET_PRINCIPAL, terminated(name)))
  return answer === undefined || answer.remaining === 0 ? undefined : answer.rest()
}

function* credentialsOf(name: string): KcmDialogue<Uint8Array[]> {
  try {
    return listIn(yield* ask(Op.GET_CRED_LIST, terminated(name)))
  } catch (error) {
    if (!(error instanceof KcmRefusal)) throw error
  }
  const credentials: Uint8Array[] = []
  for (const uuid of uuidsIn(yield* ask(Op.GET_CRED_UUID_LIST, terminated(name)))) {
    const answer = yield* unlessGone(ask(Op.GET_CRED_BY_UUID, terminated(name), uuid))
    if (answer !== undefined) credentials.push(answer.rest())
  }
  return credentials
}

/** Returns undefined for a cache that was deleted between two questions. */
function* unlessGone(asked: KcmDialogue<ByteReader>): KcmDialogue<ByteReader | undefined> {
  try {
    return yield* asked
  } catch (error) {
    if (error instanceof KcmRefusal && (error.code === NO_SUCH_CACHE || error.code === NO_SUCH_CREDENTIAL))
      return undefined
    throw error
  }
}

/**
 * Asks one question, and returns what stands behind the code for success.
 *
 * @throws KcmRefusal, MalformedTokenError
 */
function* ask(operation: number, ...parts: readonly Uint8Array[]): KcmDialogue<ByteReader> {
  const request = new ByteWriter().u8(2).u8(0).u16be(operation)
  for (const part of parts) request.bytes(part)
  const answer = new ByteReader(yield request.toBytes(), 'KCM')
  // One implementation puts the error code into the first number, the other into the second.
  for (const field of ['status', 'code']) {
    const code = answer.i32be(field)
    if (code !== 0) throw new KcmRefusal(code)
  }
  return answer
}

function listIn(answer: ByteReader): Uint8Array[] {
  const count = answer.u32be('count')
  answer.expectElements(count, 4, 'credentials')
  return Array.from({ length: count }, (_, index) =>
    answer.bytes(answer.u32be(`credentials[${index}].length`), `credentials[${index}]`),
  )
}

function uuidsIn(answer: ByteReader): Uint8Array[] {
  const count = Math.floor(answer.remaining / UUID_OCTETS)
  return Array.from({ length: count }, (_, index) => answer.bytes(UUID_OCTETS, `uuids[${index}]`))
}

function textIn(answer: ByteReader): string {
  return new TextDecoder().decode(answer.rest()).replace(/\0.*$/s, '')
}

function terminated(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`)
}

/**
 * Returns a cache file of version 4 with an empty header. The answers of a KCM are parts of such a
 * file.
 */
function fileOf(principal: Uint8Array, entry: Uint8Array = new Uint8Array(0)): Uint8Array {
  return new ByteWriter().u16be(0x0504).u16be(0).bytes(principal).bytes(entry).toBytes()
}

/**
 * Tells whether two principals are the same. The type of a name is only a hint, and is not
 * compared.
 */
function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, index) => index < 4 || octet === b[index])
}

/**
 * Returns the name of a cache for messages, if it looks like one: the user's uid, and a suffix for
 * each further cache: `1000:73824`. Anything else may be a secret.
 */
function shownCache(name: string): string {
  return /^\d{1,10}(?::\w{1,20})?$/.test(name) ? name : shownName(name)
}

function noCache(name: string): ConfigurationError {
  return new ConfigurationError(`there is no credential cache KCM:${shownCache(name)}`, {
    code: 'KRB5_FCC_NOFILE',
    hint: 'Run kinit as the user of this process, with the same KRB5CCNAME: klist -A lists what there is.',
  })
}
