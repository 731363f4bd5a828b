import {
  closeOptions,
  ConfigurationError,
  encryptionTypeName,
  findEncryptionType,
  formatPrincipal,
  Keytab,
  type KeytabEntry,
  openTicket,
  S4uError,
} from '@s4u/krb5'
import { createKdcClient } from '../client/create-kdc-client.js'
import type { KdcClient } from '../client/kdc-client.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'
import { type AskingOptions, CHECK_KEYTAB_OPTIONS, type CheckKeytabOptions } from './account-keys-options.js'
import { proveKey } from './proven-key.js'

/**
 * What a key is worth now. `current`: the KDC has the same. `version-differs`: the same under
 * another version, by which many programs look keys up. `old`: of a version before a current one,
 * for tickets that were issued then. `wrong`: the KDC has another. `refused`: the KDC, or this
 * library, takes no keys of this type. `not-checked`: there was no way to see it, `why` says why.
 */
export type KeyState = 'current' | 'version-differs' | 'old' | 'wrong' | 'refused' | 'not-checked'

/** A key of a keytab, and what the KDC says of it. */
export interface CheckedKey {
  readonly entry: KeytabEntry
  readonly state: KeyState
  /** One sentence of what was found. */
  readonly why: string
  /** The version that the KDC has, where it told it. */
  readonly kdcVersion?: number
}

/**
 * How many wrong keys of one principal are shown to the KDC. Each counts as a wrong password there,
 * and locks are mostly set to five or ten.
 */
const MAX_WRONG_KEYS = 2

/**
 * Compares every key of a keytab with what the KDC has now: by signing in with it, and for
 * principals that cannot sign in by opening a ticket for them.
 *
 * @example
 * ```ts
 * import { checkKeytab } from '@s4u/kdc-client'
 * import { Keytab } from '@s4u/krb5'
 * import { readFileSync } from 'node:fs'
 *
 * const keys = await checkKeytab({ keytab: Keytab.decode(readFileSync('web.keytab')) })
 * console.log(keys.filter(({ state }) => state === 'wrong'))
 * ```
 *
 * @throws KdcUnreachableError, ConfigurationError
 */
export async function checkKeytab(given: CheckKeytabOptions): Promise<readonly CheckedKey[]> {
  const options = closeOptions('checkKeytab', given, CHECK_KEYTAB_OPTIONS)
  const keytab = Keytab.from(options.keytab)
  if (keytab === undefined)
    throw new ConfigurationError('checkKeytab: keytab is to be a Keytab', { hint: 'Write Keytab.decode(octets).' })
  const { keytab: _keytab, credentials, signal, ...asking } = options
  const byPrincipal = new Map<string, KeytabEntry[]>()
  for (const entry of keytab.entries) {
    const name = formatPrincipal(entry.principal)
    byPrincipal.set(name, [...(byPrincipal.get(name) ?? []), entry])
  }
  const checked = new Map<KeytabEntry, CheckedKey>()
  for (const entries of byPrincipal.values())
    for (const one of await bySigningIn(entries, asking, signal)) checked.set(one.entry, one)
  const current = [...checked.values()].filter(isCurrent)
  const asker = askerOf(credentials, current[0]?.entry, asking)
  for (const [name, entries] of byPrincipal) {
    const left = entries.filter((entry) => !checked.has(entry))
    if (left.length === 0) continue
    for (const one of await byTicket(name, left, { asker, current, signal })) checked.set(one.entry, one)
  }
  return keytab.entries.flatMap((entry) => checked.get(entry) ?? [])
}

function isCurrent({ state }: CheckedKey): boolean {
  return state === 'current' || state === 'version-differs'
}

function askerOf(
  credentials: CheckKeytabOptions['credentials'],
  own: KeytabEntry | undefined,
  asking: AskingOptions,
): KdcClient | undefined {
  if (credentials !== undefined) return createKdcClient({ ...asking, credentials })
  if (own === undefined) return undefined
  const principal = formatPrincipal(own.principal)
  const encryptionTypes = [own.key.etype]
  return createKdcClient({ ...asking, encryptionTypes, credentials: { principal, keytab: new Keytab([own]) } })
}

/** The keys of one principal, newest first. Empty where it is one that cannot sign in. */
async function bySigningIn(
  entries: readonly KeytabEntry[],
  asking: AskingOptions,
  signal: AbortSignal | undefined,
): Promise<readonly CheckedKey[]> {
  const found: CheckedKey[] = []
  const newestFirst = [...entries].sort((a, b) => b.kvno - a.kvno)
  for (const entry of newestFirst) {
    const newer = found.find((one) => one.entry.key.etype === entry.key.etype && isCurrent(one))
    const wrong = found.filter(({ state }) => state === 'wrong').length
    if (newer !== undefined) {
      found.push({ entry, state: 'old', why: `version ${newer.entry.kvno} is in use` })
    } else if (wrong >= MAX_WRONG_KEYS) {
      const why = `${wrong} keys of the account were wrong, and more would lock it out`
      found.push({ entry, state: 'not-checked', why })
    } else {
      const one = await signInWith(entry, asking, signal)
      if (one === undefined) return []
      found.push(one)
    }
  }
  return found
}

/** Undefined where the KDC knows no such client. */
async function signInWith(
  entry: KeytabEntry,
  asking: AskingOptions,
  signal: AbortSignal | undefined,
): Promise<CheckedKey | undefined> {
  const { key, kvno, principal } = entry
  const type = encryptionTypeName(key.etype)
  if (findEncryptionType(key.etype) === undefined)
    return { entry, state: 'refused', why: `keys of the type ${type} are not used any more` }
  const credentials = { principal: formatPrincipal(principal), keytab: new Keytab([entry]) }
  try {
    const proven = await proveKey({ ...asking, credentials, encryptionTypes: [key.etype] }, signal)
    const kdcVersion = proven.kvno
    if (kdcVersion === undefined) return { entry, state: 'current', why: 'it signs in' }
    const isSame = kdcVersion === kvno || (kdcVersion & 0xff) === kvno
    const why = isSame ? 'it signs in' : `it signs in, and the KDC has it as version ${kdcVersion}`
    return { entry, state: isSame ? 'current' : 'version-differs', kdcVersion, why }
  } catch (error) {
    return refusedSignIn(entry, error)
  }
}

function refusedSignIn(entry: KeytabEntry, error: unknown): CheckedKey | undefined {
  if (!S4uError.is(error) || error.code === 'KRB5_KDC_UNREACH') throw error
  switch (error.code) {
    case 'KDC_ERR_C_PRINCIPAL_UNKNOWN':
      return undefined
    case 'KDC_ERR_PREAUTH_FAILED':
    case 'KRB_AP_ERR_BAD_INTEGRITY':
      return { entry, state: 'wrong', why: 'the KDC has another key' }
    case 'KDC_ERR_ETYPE_NOSUPP':
      return { entry, state: 'refused', why: 'the account has no key of this type, or the KDC takes none' }
    default:
      return { entry, state: 'not-checked', why: error.message }
  }
}

interface Asking {
  readonly asker: KdcClient | undefined
  /** Keys of accounts that are current: an SPN of Active Directory has those of its account. */
  readonly current: readonly CheckedKey[]
  readonly signal: AbortSignal | undefined
}

async function byTicket(
  name: string,
  entries: readonly KeytabEntry[],
  { asker, current, signal }: Asking,
): Promise<readonly CheckedKey[]> {
  if (asker === undefined) {
    const why = 'the KDC does not let it sign in, and no other account of the keytab does'
    return entries.map((entry) => ({ entry, state: 'not-checked', why }))
  }
  try {
    const ticket = await asker.ticketFor(name, { maxAge: 0, ...(signal && { signal }) })
    return entries.map((entry) => judgedBy(ticket, entry, current))
  } catch (error) {
    if (!S4uError.is(error) || error.code === 'KRB5_KDC_UNREACH') throw error
    const { message } = error
    return entries.map((entry) => ({ entry, state: 'not-checked', why: message }))
  }
}

function judgedBy({ ticket }: ServiceTicket, entry: KeytabEntry, current: readonly CheckedKey[]): CheckedKey {
  const { etype, kvno: kdcVersion } = ticket.encPart
  const told = kdcVersion === undefined ? {} : { kdcVersion }
  const isOld = kdcVersion !== undefined && entry.kvno < (kdcVersion & 0xff) && entry.kvno < kdcVersion
  if (entry.key.etype === etype && opens(entry, ticket)) {
    const isSame = kdcVersion === undefined || kdcVersion === entry.kvno || (kdcVersion & 0xff) === entry.kvno
    const why = isSame ? 'it opens a ticket' : `it opens a ticket, and the KDC has it as version ${kdcVersion}`
    return { entry, state: isSame ? 'current' : 'version-differs', why, ...told }
  }
  if (isOld) return { entry, state: 'old', why: `the KDC has version ${kdcVersion}`, ...told }
  if (entry.key.etype === etype) return { entry, state: 'wrong', why: 'it does not open a ticket of the KDC', ...told }
  const same = current.find((one) => one.entry.key.etype === entry.key.etype && one.entry.key.equals(entry.key))
  if (same !== undefined)
    return { entry, state: same.state, why: `it is that of ${formatPrincipal(same.entry.principal)}`, ...told }
  const why = `the KDC seals tickets for it with ${encryptionTypeName(etype)}`
  return { entry, state: 'not-checked', why, ...told }
}

function opens({ key }: KeytabEntry, ticket: ServiceTicket['ticket']): boolean {
  try {
    openTicket(ticket, key)
    return true
  } catch (error) {
    if (S4uError.is(error)) return false
    throw error
  }
}
