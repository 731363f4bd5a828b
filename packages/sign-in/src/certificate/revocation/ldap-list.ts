import { type DirectoryEntry, readPublicEntry } from '@s4u/directory'
import type { AskedDirectory } from '../mapping/directory-owner.js'

/** What an address of LDAP says. RFC 4516. */
export interface LdapAddress {
  readonly tls: boolean
  /** Undefined: the directory of the own domain, as AD CS writes it. */
  readonly host: string | undefined
  readonly port: number | undefined
  readonly dn: string
  readonly attribute: string
}

export interface LdapDownload {
  /** The directory of the own domain. */
  readonly directory: Pick<AskedDirectory, 'search'> | undefined
  /** Milliseconds. */
  readonly timeLimit: number
  /** Octets. */
  readonly most: number
}

/** Whether an address is one of LDAP. */
export function isLdap(url: string): boolean {
  return /^ldaps?:/i.test(url)
}

/**
 * Returns what an address says; undefined for one that names no single attribute of one entry, as
 * RFC 5280 section 4.2.1.13 wants it.
 */
export function parseLdapAddress(url: string): LdapAddress | undefined {
  const match = /^(ldaps?):\/\/([^/?#]*)\/([^?#]*)\?([^?#]*)(?:\?([^?#]*))?(?:\?([^?#]*))?(?:\?([^#]*))?$/i.exec(url)
  if (match === null || url.length > MAX_ADDRESS) return undefined
  const [, scheme, place, name, attribute, scope = '', , extensions = ''] = match
  const located = placeOf(place)
  const dn = decoded(name)
  const isOne = /^[A-Za-z][A-Za-z\d-]*(?:;binary)?$/.test(attribute) && (scope === '' || /^base$/i.test(scope))
  // A critical extension asks for what is not known here (RFC 4516 section 2.1).
  if (located === undefined || dn === undefined || dn === '' || !isOne || extensions.includes('!')) return undefined
  return { tls: scheme.toLowerCase() === 'ldaps', ...located, dn, attribute }
}

/** No authority writes longer ones. */
const MAX_ADDRESS = 2_048

function placeOf(text: string): Pick<LdapAddress, 'host' | 'port'> | undefined {
  if (text === '') return { host: undefined, port: undefined }
  const match = /^(\[[\da-f:.]+\]|[\w.-]+)(?::(\d{1,5}))?$/i.exec(text)
  if (match === null) return undefined
  const [, host, digits] = match
  const port = digits === undefined ? undefined : Number(digits)
  if (port !== undefined && (port < 1 || port > 65_535)) return undefined
  return { host: host.replace(/^\[|\]$/g, ''), port }
}

/** A name as the directory has it; undefined for broken octets and controls. */
function decoded(text: string): string | undefined {
  try {
    const name = decodeURIComponent(text)
    return /\p{Cc}/u.test(name) ? undefined : name
  } catch {
    return undefined
  }
}

/**
 * Gets the revocation list of an address. A server that is named is asked without a sign-in. Where
 * none is, as in the certificates of AD CS, the directory of the own domain is asked, which shows
 * such entries to its accounts alone.
 * @throws Error with the reason, for `cause`
 */
export async function downloadFromDirectory(url: string, download: LdapDownload): Promise<Uint8Array> {
  const address = parseLdapAddress(url)
  if (address === undefined) throw new Error('its address names no one attribute of an entry')
  const { attribute } = address
  const entry = await entryAt(address, download)
  const [octets] = entry?.names.filter((name) => isSame(name, attribute)).map((name) => entry.octets(name)) ?? []
  if (octets === undefined) throw new Error('the directory has no list there')
  if (octets.length > download.most) throw new Error(`it sent more than ${download.most} octets`)
  return new Uint8Array(octets)
}

async function entryAt(
  { host, port, tls, dn, attribute }: LdapAddress,
  { directory, timeLimit, most }: LdapDownload,
): Promise<DirectoryEntry | undefined> {
  const attributes = [attribute]
  // The entry has its name beside the list.
  if (host !== undefined)
    return readPublicEntry({ host, port, tls, dn, attributes, timeLimit, maxOctets: most + 4_096 })
  if (directory === undefined)
    throw new Error(
      'it is in the directory of the domain, and neither certificate() nor the negotiator was given one (directory)',
    )
  const signal = AbortSignal.timeout(timeLimit)
  const found = await directory.search({ base: dn, scope: 'base', attributes, maxEntries: 1, signal }).all()
  return found[0]
}

/** OpenLDAP answers with `;binary`, asked for or not. */
function isSame(name: string, attribute: string): boolean {
  const [one, other] = [name, attribute].map((text) => text.replace(/;binary$/i, '').toLowerCase())
  return one === other
}
