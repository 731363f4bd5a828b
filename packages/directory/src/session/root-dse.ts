import { PresenceFilter, SearchRequest } from 'ldapts'
import type { LdapConnection } from '../connection/ldap-connection.js'
import type { DirectoryEntry } from '../ldap/directory-entry.js'
import { Operation } from '../ldap/response.js'
import { ResultCode } from '../ldap/result-code.js'
import { refusalOf } from './refusal.js'

/** What a server says about itself. RFC 4512 section 5.1, MS-ADTS section 3.1.1.3.2. */
export interface RootDse {
  readonly domainDn: string
  readonly configurationDn: string | undefined
  readonly forestDn: string | undefined
  readonly dnsHostName: string | undefined
  readonly isActiveDirectory: boolean
  readonly functionalLevel: number | undefined
  readonly serverTime: number | undefined
  readonly controls: ReadonlySet<string>
}

const ATTRIBUTES = [
  'defaultNamingContext',
  'namingContexts',
  'configurationNamingContext',
  'rootDomainNamingContext',
  'dnsHostName',
  'domainFunctionality',
  'currentTime',
  'supportedControl',
  'supportedCapabilities',
]

/** LDAP_CAP_ACTIVE_DIRECTORY_OID. MS-ADTS section 3.1.1.3.4.3. */
const ACTIVE_DIRECTORY = '1.2.840.113556.1.4.800'

export async function readRootDse(connection: LdapConnection, server: string, signal: AbortSignal): Promise<RootDse> {
  const write = (messageId: number): Uint8Array =>
    new SearchRequest({
      ...{ messageId, baseDN: '', scope: 'base', attributes: ATTRIBUTES, timeLimit: 0 },
      filter: new PresenceFilter({ attribute: 'objectClass' }),
    }).write()
  const answer = await connection.exchange(write, Operation.SEARCH_DONE, signal, { entries: 1, octets: 1 << 20 })
  const [entry] = answer.entries
  if (answer.result.code !== ResultCode.SUCCESS || entry === undefined) throw refusalOf('search', answer, server)
  return rootDseOf(entry)
}

function rootDseOf(entry: DirectoryEntry): RootDse {
  const level = Number(entry.text('domainFunctionality'))
  return {
    domainDn: entry.text('defaultNamingContext') ?? entry.text('namingContexts') ?? '',
    configurationDn: entry.text('configurationNamingContext'),
    forestDn: entry.text('rootDomainNamingContext'),
    dnsHostName: entry.text('dnsHostName'),
    isActiveDirectory: entry.texts('supportedCapabilities').includes(ACTIVE_DIRECTORY),
    functionalLevel: entry.has('domainFunctionality') && Number.isInteger(level) ? level : undefined,
    serverTime: generalizedTime(entry.text('currentTime')),
    controls: new Set(entry.texts('supportedControl')),
  }
}

/** `20261130025100.0Z`, milliseconds since the epoch. RFC 4517 section 3.3.13. */
export function generalizedTime(text: string | undefined): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:[.,]\d+)?Z$/.exec(text ?? '')
  if (match === null) return undefined
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number)
  // Date.UTC takes the years 0 to 99 for 1900 to 1999.
  if (year < 100) return undefined
  return Date.UTC(year, month - 1, day, hour, minute, second)
}
