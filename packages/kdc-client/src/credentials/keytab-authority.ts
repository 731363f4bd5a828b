import {
  andLeftOut,
  ConfigurationError,
  encryptionTypeName,
  type EtypeInfo2Entry,
  formatPrincipal,
  hintOfCopies,
  type Key,
  Keytab,
  type KeytabEntry,
  MissingKeyError,
  noticeOfLeftOut,
  type Principal,
  samePrincipal,
  sameRealmIgnoringCase,
  shownName,
} from '@s4u/krb5'
import { KeytabFile } from './keytab-file.js'
import { type KeysForTicket, parseSignInName, type RealmsOfNames, type SignIn } from './authority.js'

export interface KeytabCredentials {
  readonly principal?: string
  readonly keytab: string | Uint8Array | Keytab
  readonly reload?: () => Keytab | Promise<Keytab>
  readonly enterprise?: boolean
}

/**
 * Returns the principal of a keytab that signs in, with its keys.
 *
 * @throws ConfigurationError, MissingKeyError
 */
export function keytabAuthority(
  credentials: KeytabCredentials,
  realms: RealmsOfNames,
  etypes: readonly number[],
): SignIn {
  const source = sourceOf(credentials)
  const keytab = source.first
  const { principal: name, enterprise } = credentials
  const principal = name === undefined ? signInPrincipal(keytab) : named(keytab, { name, enterprise }, realms)
  if (principal === undefined) throw noKey(keytab, 'any principal')
  const keys = new KeyChoice(keytab, principal, etypes)
  if (keys.etypes.length === 0) {
    const others = keysOf(keytab, principal)
    throw others.length === 0
      ? noKey(keytab, shownName(formatPrincipal(principal)))
      : noKeyOfType(keytab, others, etypes)
  }
  return {
    kind: 'sign-in',
    principal,
    notice: noticeOfLeftOut('keytab', nameOf(keytab), keytab.leftOut),
    credentials: { kind: 'keytab', file: keytab.source },
    get etypes() {
      return keys.etypes
    },
    keysFor: async (etype, kvno) => keys.forTicket(etype, kvno),
    keyFor: async ({ etype }, kvno) => keys.current(etype, kvno),
    async reread(refused) {
      const reread = await source.again()
      return reread !== undefined && keys.adopt(reread, refused)
    },
    switchKey: (etype) => keys.switch(etype),
    describeKeys: (etype) => keys.describe(etype),
  }
}

/**
 * Returns the principal of a keytab that can sign in. On Active Directory that is the account,
 * because a service principal name cannot sign in. Names of accounts have one component. In a
 * keytab with service principal names only, as MIT has them, it is the first one.
 *
 * @example
 * ```ts
 * import { signInPrincipal } from '@s4u/kdc-client'
 * import { Keytab } from '@s4u/krb5'
 *
 * export function accountOf(octets: Uint8Array): string | undefined {
 *   return signInPrincipal(Keytab.decode(octets))?.name.nameString[0]
 * }
 * ```
 */
export function signInPrincipal({ entries }: Keytab): Principal | undefined {
  const account = entries.find(({ principal }) => principal.name.nameString.length === 1)
  return (account ?? entries[0])?.principal
}

/**
 * Returns the principal for a name without a realm. The realm comes from the keytab rather than
 * from krb5.conf, which may describe another realm or be the distribution's example.
 */
function named(
  keytab: Keytab,
  { name, enterprise }: { readonly name: string; readonly enterprise: boolean | undefined },
  { realm, defaultRealm }: RealmsOfNames,
): Principal {
  const inRealm = (of: string | undefined): Principal => parseSignInName(name, of, enterprise)
  if (realm !== undefined) return inRealm(realm)
  const realms = keytab.entries.map(({ principal }) => principal.realm)
  const inOrder = new Set(defaultRealm === undefined ? realms : [defaultRealm, ...realms])
  const withKeys = [...inOrder].map(inRealm).find((principal) => keysOf(keytab, principal).length > 0)
  return withKeys ?? inRealm(realms[0] ?? defaultRealm)
}

/** The keys of one principal, newest first, and the choice among them. */
class KeyChoice {
  #entries: readonly KeytabEntry[]
  readonly #principal: Principal
  readonly #offered: readonly number[]
  readonly #keytabName: string
  /**
   * How many of the newest keys of each type are skipped, because the KDC did not know them yet.
   */
  readonly #passedOver = new Map<number, number>()

  constructor(keytab: Keytab, principal: Principal, offered: readonly number[]) {
    this.#principal = principal
    this.#offered = offered
    this.#keytabName = nameOf(keytab)
    this.#entries = keysOf(keytab, principal)
  }

  get etypes(): readonly number[] {
    return this.#offered.filter((etype) => this.#entries.some(({ key }) => key.etype === etype))
  }

  forTicket(etype: number, kvno: number | undefined): KeysForTicket {
    const entries = this.#ofType(etype)
    const named = entries.filter((entry) => kvno !== undefined && sameVersion(entry.kvno, kvno))
    const rest = entries.filter((entry) => !named.includes(entry))
    return { exact: named.length > 0, keys: [...named, ...rest].map(({ key }) => key) }
  }

  /** @throws MissingKeyError */
  current(etype: number, kvno: number | undefined): Key {
    const entries = this.#ofType(etype)
    const named = kvno === undefined ? undefined : entries.find((entry) => sameVersion(entry.kvno, kvno))
    const key = (named ?? entries[this.#passedOver.get(etype) ?? 0] ?? entries[0])?.key
    if (key) return key
    throw new MissingKeyError(
      `${this.#keytabName} has no key of encryption type ${etype} for ${formatPrincipal(this.#principal)}`,
    )
  }

  describe(etype: number): string {
    const versions = [...new Set(this.#ofType(etype).map(({ kvno }) => kvno))]
    const listed = versions.length === 1 ? `version ${versions[0]}` : `versions ${versions.join(', ')}`
    return `${this.#keytabName} has ${versions.length === 0 ? 'none of that type' : listed}`
  }

  /**
   * Takes over the keys of a new keytab. Returns true if it has other keys, or another key in place
   * of the refused one. A keytab without the principal is not taken over.
   */
  adopt(keytab: Keytab, refused?: EtypeInfo2Entry): boolean {
    const entries = keysOf(keytab, this.#principal)
    if (entries.length === 0 || sameKeys(entries, this.#entries)) return false
    const before = refused && this.current(refused.etype, undefined)
    this.#entries = entries
    this.#passedOver.clear()
    return before === undefined || !this.#ofType(before.etype)[0]?.key.equals(before)
  }

  /**
   * Chooses the key before the newest one: the keytab may have been written before the directory
   * knew the new key.
   */
  switch(etype: number): boolean {
    if (this.#ofType(etype).length < 2) return false
    if (!this.#passedOver.delete(etype)) this.#passedOver.set(etype, 1)
    return true
  }

  #ofType(etype: number): readonly KeytabEntry[] {
    return this.#entries.filter(({ key }) => key.etype === etype)
  }
}

function keysOf({ entries }: Keytab, principal: Principal): readonly KeytabEntry[] {
  return entries.filter((entry) => samePrincipal(entry.principal, principal)).sort((a, b) => b.kvno - a.kvno)
}

function sameKeys(a: readonly KeytabEntry[], b: readonly KeytabEntry[]): boolean {
  return a.length === b.length && a.every(({ kvno, key }, index) => kvno === b[index].kvno && key.equals(b[index].key))
}

/**
 * Compares key versions. Old programs wrote only eight bits of the version into keytabs, and a
 * read-only domain controller adds its number above the sixteenth bit. Source: MS-KILE section
 * 3.1.5.8.
 */
function sameVersion(ours: number, theirs: number): boolean {
  return ours === theirs || ours === (theirs & 0xffff) || ours === (theirs & 0xff)
}

interface KeytabSource {
  readonly first: Keytab
  /** Returns the keytab as it is now; undefined if it cannot have changed. */
  again(): Promise<Keytab | undefined>
}

function sourceOf({ keytab, reload }: KeytabCredentials): KeytabSource {
  const again = async (): Promise<Keytab | undefined> => Keytab.from(await reload?.())
  const first = Keytab.from(keytab)
  if (first !== undefined) return { first, again }
  if (keytab instanceof Uint8Array) return { first: Keytab.decode(keytab), again }
  if (typeof keytab !== 'string') throw noKeytab()
  const inMemory = Keytab.fromBase64(keytab)
  if (inMemory !== undefined) return { first: inMemory, again }
  const file = new KeytabFile(keytab)
  const read = (): Keytab => Keytab.decode(file.read(), file.name)
  return { first: read(), again: reload ? again : async () => (file.hasChanged() ? readable(read) : undefined) }
}

/** Returns undefined for a file that is being rewritten: the old keytab stays in use then. */
function readable(read: () => Keytab): Keytab | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

function nameOf({ source }: Keytab): string {
  return source ?? 'the keytab'
}

function noKeytab(): ConfigurationError {
  return new ConfigurationError('credentials: keytab must be a path, octets, a keytab in base64, or a Keytab', {
    hint: hintOfCopies('@s4u/krb5'),
  })
}

function noKey(keytab: Keytab, wanted: string): MissingKeyError {
  const has = keytab.principals.join(', ') || 'nobody'
  const meant = keytab.principals.find((name) => sameRealmIgnoringCase(name, wanted))
  const what = `${nameOf(keytab)} has no usable key of ${wanted}; it has keys of ${has}`
  return new MissingKeyError(`${what}${andLeftOut(keytab.leftOut)}`, {
    hint:
      meant === undefined || meant === wanted
        ? 'Name the account in `principal`, or export a keytab that holds it with an AES key.'
        : `Names and realms are case-sensitive: write principal: '${meant}'.`,
  })
}

function noKeyOfType(keytab: Keytab, has: readonly KeytabEntry[], wanted: readonly number[]): MissingKeyError {
  const list = (etypes: readonly number[]): string => [...new Set(etypes)].map(encryptionTypeName).join(', ')
  const principal = formatPrincipal(has[0].principal)
  const types = list(has.map(({ key }) => key.etype))
  return new MissingKeyError(
    `${nameOf(keytab)} has no usable key of ${principal}: its encryption types are ${types}, those asked for ${list(wanted) || 'none'}${andLeftOut(keytab.leftOut)}`,
    { hint: 'Export a keytab that holds the account with an AES key, or name one of its types in `encryptionTypes`.' },
  )
}
