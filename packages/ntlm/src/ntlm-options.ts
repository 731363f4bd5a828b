import { isIP } from 'node:net'
import type { KdcClientOptions } from '@s4u/kdc-client'
import { asciiLower, closeOptions, ConfigurationError, type OptionTableOf, requireOneOf, shownInput } from '@s4u/krb5'
import type { MachineAccount } from './machine-account.js'
import type { Presence } from './response/response-checks.js'

/** A domain controller: its name in DNS, and the IP address where the name does not lead to it. */
export type NtlmController = string | { readonly host: string; readonly address?: string }

/** Options of `createNtlmAcceptor`: machine account, domain controllers, and what is demanded. */
export interface NtlmOptions {
  /** The NetBIOS name of the domain: `CORP`. Controllers compare it. */
  readonly domain: string
  /** The DNS name of the domain: `corp.test`. */
  readonly dnsDomain: string
  /** The SID of the domain: `S-1-5-21-1-2-3`. A trusted domain that claims it is not believed. */
  readonly domainSid: string
  /** The machine account. Example: `{ name: 'WEB01$', keytab: '/etc/krb5.keytab' }`. */
  readonly account: MachineAccount
  /**
   * Domain controllers, best first; two are asked at most. Example: `['dc1.corp.test']`. With
   * names, the machine account may sign in with a ticket.
   */
  readonly controllers: NtlmController | readonly NtlmController[]
  /**
   * Where the machine account gets its ticket. Default: the domain controllers themselves. Example:
   * `'dc1.corp.test'`.
   */
  readonly kdc?: KdcClientOptions['kdc']
  /**
   * Other domains whose users may come: NetBIOS names with their SIDs. Default: none. Example:
   * `{ PARTNER: 'S-1-5-21-7-7-7' }`.
   */
  readonly trustedDomains?: Readonly<Record<string, string>>
  /**
   * Names under which clients reach this service, beside that of the machine. A client that says
   * it means another is refused. Example: `['www.corp.test']`.
   */
  readonly hosts?: readonly string[]
  /**
   * Whether a client must say which service it means. Default `allow`, for curl and old libraries.
   */
  readonly targetName?: Presence
  /**
   * Extended protection: whether a client must bind its response to the TLS connection. Default
   * `allow`: what is bound must be right. Set it to `require` where all clients are browsers.
   */
  readonly channelBinding?: Presence
  /**
   * Whether all messages must be protected. Default `announced`: where the client says that it
   * does.
   */
  readonly mic?: 'announced' | 'require'
  /** How long one controller may take; milliseconds, default 5,000. */
  readonly timeLimit?: number
  /** The clock, milliseconds since the epoch; for tests. Default `Date.now`. */
  readonly now?: () => number
  /** Returns random octets; for tests. Default: those of the platform. */
  readonly random?: (length: number) => Uint8Array
}

/** Every name in NtlmOptions; others are refused. */
export const NTLM_OPTIONS = {
  domain: 'value',
  dnsDomain: 'value',
  domainSid: 'value',
  account: 'value',
  controllers: 'value',
  kdc: 'value',
  trustedDomains: 'value',
  hosts: 'texts',
  targetName: 'value',
  channelBinding: 'value',
  mic: 'value',
  timeLimit: 'value',
  now: 'function',
  random: 'function',
} as const satisfies OptionTableOf<NtlmOptions>

/** A controller as it is called, and where it is. */
export interface ControllerName {
  readonly host: string
  readonly address: string
}

/** The options, checked, with their defaults. */
export interface NtlmSettings {
  readonly domain: string
  readonly dnsDomain: string
  readonly domainSid: string
  readonly account: MachineAccount
  /** The account's name without `$`. */
  readonly computer: string
  readonly controllers: readonly ControllerName[]
  readonly kdc: KdcClientOptions['kdc']
  readonly trusted: ReadonlyMap<string, string>
  readonly hosts: ReadonlySet<string>
  readonly targetName: Presence
  readonly channelBinding: Presence
  readonly mic: 'announced' | 'require'
  readonly timeLimit: number
}

/** @throws ConfigurationError */
export function readNtlmOptions(given: NtlmOptions): NtlmSettings {
  const options = closeOptions('ntlm', given, NTLM_OPTIONS)
  const { domain, dnsDomain, domainSid, account, trustedDomains = {}, hosts = [], timeLimit = 5_000 } = options
  requireText('domain', domain, /^[^\s.\\/:*?"<>|]{1,15}$/, 'the NetBIOS name of the domain, such as CORP')
  requireText('dnsDomain', dnsDomain, /^[\w-]+(\.[\w-]+)*$/, 'the DNS name of the domain, such as corp.test')
  requireText('domainSid', domainSid, DOMAIN_SID, 'the SID of the domain, such as S-1-5-21-1-2-3')
  const computer = computerOf(account)
  for (const [name, sid] of Object.entries(trustedDomains))
    requireText(`trustedDomains.${name}`, sid, DOMAIN_SID, 'the SID of that domain')
  if (!Number.isInteger(timeLimit) || timeLimit < 100 || timeLimit > MAX_TIME_LIMIT)
    throw new ConfigurationError(`ntlm: timeLimit must be a whole number from 100 to ${MAX_TIME_LIMIT}`)
  const controllers = controllersOf(options.controllers)
  const own = [computer, `${computer}.${dnsDomain}`, ...hosts]
  return {
    ...{ domain, dnsDomain, domainSid, account, computer, timeLimit },
    controllers,
    kdc: options.kdc ?? { [dnsDomain.toUpperCase()]: controllers.map(({ address }) => address) },
    trusted: new Map(Object.entries(trustedDomains).map(([name, sid]) => [asciiLower(name), sid])),
    hosts: new Set(own.map(asciiLower)),
    targetName: presenceOf('targetName', options.targetName),
    channelBinding: presenceOf('channelBinding', options.channelBinding),
    mic: micOf(options.mic),
  }
}

/** @throws ConfigurationError */
function computerOf(account: unknown): string {
  const { name, password, keytab } = Object.fromEntries<unknown>(
    Object.entries(typeof account === 'object' && account !== null ? account : {}),
  )
  if (typeof name !== 'string' || !/^[^\s@\\/$]{1,15}\$$/.test(name))
    throw new ConfigurationError(`ntlm: account.name must be a machine account, such as WEB01$`, {
      hint: 'NTLM is judged for machines that belong to the domain: users and service accounts have no secure channel.',
    })
  if ((password === undefined) === (keytab === undefined))
    throw new ConfigurationError('ntlm: account needs either password or keytab')
  return name.slice(0, -1)
}

function controllersOf(given: unknown): readonly ControllerName[] {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given]
  const named = list.map(controllerOf).filter((one) => one !== undefined)
  if (named.length > 0 && named.length === list.length) return named
  throw new ConfigurationError(
    "ntlm: controllers must be hosts of domain controllers, such as dc1.corp.test or { host: 'dc1.corp.test', address: '10.0.0.7' }",
  )
}

function controllerOf(given: unknown): ControllerName | undefined {
  const { host, address, ...others } = Object.fromEntries<unknown>(
    Object.entries(typeof given === 'object' && given !== null ? given : { host: given }),
  )
  if (typeof host !== 'string' || !/^[\w.:-]+$/.test(host) || Object.keys(others).length > 0) return undefined
  if (address === undefined) return { host, address: host }
  return typeof address === 'string' && isIP(address) !== 0 ? { host, address } : undefined
}

function presenceOf(option: string, given: Presence = 'allow'): Presence {
  requireOneOf(`ntlm: ${option}`, given, ['allow', 'require'])
  return given
}

function micOf(given: 'announced' | 'require' = 'announced'): 'announced' | 'require' {
  requireOneOf('ntlm: mic', given, ['announced', 'require'])
  return given
}

function requireText(option: string, value: unknown, pattern: RegExp, what: string): void {
  if (typeof value === 'string' && pattern.test(value)) return
  throw new ConfigurationError(`ntlm: ${option} must be ${what}, not ${shownInput(value)}`)
}

/** MS-DTYP section 2.4.2.4. */
const DOMAIN_SID = /^S-1-5-21-\d{1,10}-\d{1,10}-\d{1,10}$/
/** A browser waits no longer; milliseconds. */
const MAX_TIME_LIMIT = 60_000
