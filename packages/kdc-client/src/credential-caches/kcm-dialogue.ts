/**
 * What is said to a KCM, the process that keeps the credential caches of a machine's users in its memory (the default of RHEL and Fedora):
 * requests and answers as octets, whoever carries them. Source: MIT krb5, include/kcm.h, and Heimdal's lib/krb5/kcm.h.
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

/** Yields requests, and is given what each is answered. */
export type KcmDialogue<T> = Generator<Uint8Array, T, Uint8Array>

/** The KCM says no, or closes the connection, which some do when they do not know a request. */
export class KcmRefusal extends Error {
  /** Of MIT's table; undefined when it says nothing. */
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
  /** MIT's and sssd's. */
  GET_CRED_LIST: 13001,
} as const

const UUID_OCTETS = 16

/** @param cache empty for the current one. @throws KcmRefusal, ConfigurationError */
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
    // Heimdal's KCM has answered with octets of anything when asked for it.
    kdcOffset: 0,
    leftOut: read.flatMap(({ leftOut }, index) => leftOut.map((one) => numbered(one, index))),
  }
}

/** Each stands in a file of its own here. */
function numbered(leftOut: LeftOut, index: number): LeftOut {
  return { ...leftOut, record: leftOut.record.replace(/\[\d+\]/, `[${index}]`) }
}

/**
 * As kinit does: the cache of that principal, if there is one, else a new one beside those of others; it becomes the current one.
 * @throws KcmRefusal
 */
export function* replaceCache(cache: string, contents: CacheContents): KcmDialogue<void> {
  const { principal, settings, credentials } = contents
  const name = cache === '' ? yield* placeFor(encodeCachePrincipal(principal)) : cache
  yield* ask(Op.INITIALIZE, terminated(name), encodeCachePrincipal(principal))
  for (const entry of [...settings, ...credentials])
    yield* ask(Op.STORE, terminated(name), encodeCacheEntry(entry, principal))
  if (cache === '') yield* ask(Op.SET_DEFAULT_CACHE, terminated(name))
}

/** @throws KcmRefusal, ConfigurationError KRB5_FCC_NOFILE where there is no such cache */
export function* storeCredential(cache: string, credential: CachedCredential): KcmDialogue<void> {
  const name = yield* nameOf(cache)
  if ((yield* principalOf(name)) === undefined) throw noCache(name)
  yield* ask(Op.STORE, terminated(name), encodeCacheEntry(credential, credential.client))
}

/** False where there was none. @throws KcmRefusal */
export function* destroyCache(cache: string): KcmDialogue<boolean> {
  const name = yield* nameOf(cache)
  if ((yield* principalOf(name)) === undefined) return false
  yield* ask(Op.DESTROY, terminated(name))
  return true
}

/** The names of the user's caches, the current one first. @throws KcmRefusal */
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

function* placeFor(principal: Uint8Array): KcmDialogue<string> {
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

/** Some versions answer with nothing where there is no such cache. */
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

/** What ends between two questions is not there. */
function* unlessGone(asked: KcmDialogue<ByteReader>): KcmDialogue<ByteReader | undefined> {
  try {
    return yield* asked
  } catch (error) {
    if (error instanceof KcmRefusal && (error.code === NO_SUCH_CACHE || error.code === NO_SUCH_CREDENTIAL))
      return undefined
    throw error
  }
}

/** What stands behind the code of success. @throws KcmRefusal, MalformedTokenError */
function* ask(operation: number, ...parts: readonly Uint8Array[]): KcmDialogue<ByteReader> {
  const request = new ByteWriter().u8(2).u8(0).u16be(operation)
  for (const part of parts) request.bytes(part)
  const answer = new ByteReader(yield request.toBytes(), 'KCM')
  // One says no here, the other behind it.
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

/** A cache file of version 4 with an empty header, which the parts of an answer are parts of. */
function fileOf(principal: Uint8Array, entry: Uint8Array = new Uint8Array(0)): Uint8Array {
  return new ByteWriter().u16be(0x0504).u16be(0).bytes(principal).bytes(entry).toBytes()
}

/** The type of a name is a hint. */
function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, index) => index < 4 || octet === b[index])
}

/** As KCMs call them: the number of a user, and what tells his caches apart. Whatever else somebody wrote there may be a secret. */
function shownCache(name: string): string {
  return /^\d{1,10}(?::\w{1,20})?$/.test(name) ? name : shownName(name)
}

function noCache(name: string): ConfigurationError {
  return new ConfigurationError(`there is no credential cache KCM:${shownCache(name)}`, {
    code: 'KRB5_FCC_NOFILE',
    hint: 'Run kinit as the user of this process, with the same KRB5CCNAME: klist -A lists what there is.',
  })
}
