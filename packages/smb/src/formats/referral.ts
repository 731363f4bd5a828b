/** Referrals: where the part of a share really is that lies behind a link of DFS. MS-DFSC. */

import { OctetReader, OctetWriter, utf16 } from '../wire/octets.js'

/** What a server says of a path. */
export interface Referral {
  /** What of the path, from its first backslash, the target stands for. */
  readonly consumed: string
  /** The rest of the path, without a backslash in front. */
  readonly rest: string
  /** How long this may be believed; milliseconds. */
  readonly timeToLive: number
  /** Paths such as `\files2.ad.test\docs`, the best first. */
  readonly targets: readonly string[]
}

/** Octets of an answer; with more targets than fit the server says so. */
export const REFERRAL_OCTETS = 16_384

/** Targets of one link. Windows asks for no more. */
const MAX_TARGETS = 64

/** The newest version of entries that we know. */
const LEVEL = 4

/** Writes REQ_GET_DFS_REFERRAL. MS-DFSC section 2.2.2. @param path `\files.ad.test\docs\link\a` */
export function referralRequest(path: string): Uint8Array {
  const name = utf16(path)
  return new OctetWriter(2 + name.length + 2).u16(0, LEVEL).set(2, name).octets
}

/**
 * Reads RESP_GET_DFS_REFERRAL with entries of versions 3 and 4. MS-DFSC sections 2.2.4 and 2.2.5.
 * @param path what was asked for
 * @throws MalformedTokenError, also where less or more than whole names of the path are meant
 */
export function readReferral(octets: Uint8Array, path: string): Referral {
  const reader = new OctetReader(octets, 'RESP_GET_DFS_REFERRAL')
  const units = reader.u16(0) / 2
  const count = reader.u16(2)
  const rest = path.slice(units)
  const isWhole = Number.isInteger(units) && units > 0 && units <= path.length && (rest === '' || rest.startsWith('\\'))
  if (!isWhole) reader.fail('PathConsumed', 'whole names of the path', `${units * 2} octets`)
  if (count === 0 || count > MAX_TARGETS) reader.fail('NumberOfReferrals', `1 to ${MAX_TARGETS}`, `${count}`)
  const targets: string[] = []
  let timeToLive = Infinity
  for (let at = 8, i = 0; i < count; i++) {
    const entry = readEntry(reader, at)
    targets.push(entry.target)
    timeToLive = Math.min(timeToLive, entry.seconds * 1_000)
    at += entry.size
  }
  return { consumed: path.slice(0, units), rest: rest.slice(1), timeToLive, targets }
}

const NAME_LIST = 2
const ENTRY_OCTETS = 18

function readEntry(reader: OctetReader, at: number) {
  const version = reader.u16(at)
  if (version !== 3 && version !== 4) reader.fail('VersionNumber', '3 or 4', `${version}`)
  const size = reader.u16(at + 2)
  if (size < ENTRY_OCTETS) reader.fail('Size', `at least ${ENTRY_OCTETS}`, `${size}`)
  if ((reader.u16(at + 6) & NAME_LIST) !== 0) reader.fail('ReferralEntryFlags', 'those of a link', 'of a list of names')
  return { size, seconds: reader.u32(at + 8), target: textAt(reader, at + reader.u16(at + 16)) }
}

/** Units of a path that is the target of a link. */
const MAX_TARGET = 1_024

function textAt(reader: OctetReader, at: number): string {
  for (let units = 0; units <= MAX_TARGET; units++)
    if (reader.u16(at + units * 2) === 0) return reader.text(at, units * 2, 'NetworkAddress')
  return reader.fail('NetworkAddress', `at most ${MAX_TARGET} characters`, 'more')
}
