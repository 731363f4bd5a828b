import type { DirectoryEntry as Entry } from '../ldap/directory-entry.js'
import { DirectoryEntry } from '../ldap/directory-entry.js'
import { DirectoryError } from '../errors.js'
import { malformedMessage } from '../ldap/ber-reader.js'
import type { Session } from '../session/open-session.js'
import { searchPage } from '../session/search-page.js'

/**
 * The number of rounds. A round brings 1,500 values; a server that needs more rounds would never
 * end.
 */
const MAX_ROUNDS = 1_000

/**
 * Reads one entry with all values of its attributes; resolves to undefined if the entry does not
 * exist. A server that has more values than it sends at once leaves the attribute empty beside a
 * part of it, `member;range=0-1499`: the others are asked for. MS-ADTS section 3.1.1.3.1.3.3.
 */
export async function readEntry(
  session: Session,
  base: string,
  attributes: readonly string[],
  signal: AbortSignal,
): Promise<Entry | undefined> {
  const first = await readOnce(session, base, attributes, signal)
  if (first === undefined) return undefined
  const values = new Map<string, Uint8Array[]>()
  for (const name of first.names.filter((each) => !isRange(each))) values.set(name, [...first.allOctets(name)])
  for (const name of first.names.filter(isRange)) {
    const { attribute } = rangeOf(name)
    values.set(attribute, await allValues(session, first, name, signal))
  }
  return new DirectoryEntry(first.dn, [...values])
}

async function readOnce(
  session: Session,
  base: string,
  attributes: readonly string[],
  signal: AbortSignal,
): Promise<Entry | undefined> {
  const request = { base, scope: 'base', filter: '(objectClass=*)', attributes, pageSize: 1, referrals: false } as const
  try {
    const { entries } = await searchPage(session, request, undefined, signal)
    return entries[0]
  } catch (error) {
    if (error instanceof DirectoryError && error.code === 'noSuchObject') return undefined
    throw error
  }
}

async function allValues(session: Session, first: Entry, named: string, signal: AbortSignal): Promise<Uint8Array[]> {
  const values = [...first.allOctets(named)]
  let range = rangeOf(named)
  for (let round = 0; range.next !== undefined; round++) {
    if (round === MAX_ROUNDS) throw malformedMessage(range.attribute, 'an end of its values', `${round} parts`)
    const wanted = `${range.attribute};range=${range.next}-*`
    const entry = await readOnce(session, first.dn, [wanted], signal)
    const name = entry?.names.find((each) => isRange(each) && rangeOf(each).attribute === range.attribute)
    if (entry === undefined || name === undefined) break
    const following = rangeOf(name)
    if (following.from !== range.next)
      throw malformedMessage(range.attribute, `values from ${range.next}`, `${following.from}`)
    values.push(...entry.allOctets(name))
    range = following
  }
  return values
}

const RANGE = /^([^;]+);range=(\d{1,9})-(\d{1,9}|\*)$/i

function isRange(name: string): boolean {
  return RANGE.test(name)
}

interface Range {
  readonly attribute: string
  readonly from: number
  /** Where the next part begins; undefined where this one is the last. */
  readonly next: number | undefined
}

function rangeOf(name: string): Range {
  const [, attribute = name, from = '0', to = '*'] = RANGE.exec(name) ?? []
  return { attribute, from: Number(from), next: to === '*' ? undefined : Number(to) + 1 }
}
