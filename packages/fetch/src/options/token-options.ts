import {
  ConfigurationError,
  type Logger,
  type OptionTableOf,
  type RandomSource,
  requireLogger,
  type ServiceTicket,
  shownInput,
} from '@s4u/kdc-client'
import type { FetchEventListener } from '../events/events.js'
import type { ServiceNameOptions } from '../service-names/service-name.js'

export type Fetch = typeof globalThis.fetch

export interface TicketForOptions {
  readonly signal?: AbortSignal
  /**
   * The cached ticket is sealed with a key that the service no longer has: get another one from the
   * KDC.
   */
  readonly fresh?: boolean
}

/** Supplies the ticket to show, in whoever's name requests are made. */
export type TicketFor = (spn: string, options: TicketForOptions) => Promise<ServiceTicket>

/** How much of the user a backend gets. Source: WCF, AllowedImpersonationLevel. */
export type AllowedImpersonationLevel = 'anonymous' | 'identification' | 'impersonation' | 'delegation'

export type ForwardTgt = (
  ticket: ServiceTicket,
  options: { readonly signal?: AbortSignal },
) => Promise<Uint8Array | undefined>

/** Whether a server must prove itself: always, but for errors, or never. */
export type MutualAuthentication = 'require' | 'optional' | 'off'

/** A KDC client or an impersonation: each of them supplies tickets. */
export interface TicketClient {
  ticketFor(spn: string, options?: TicketForOptions): Promise<ServiceTicket>
}

/** Whose tickets the tokens are made of. */
export interface TokenTickets {
  readonly ticketFor: TicketFor
  readonly clientSid?: string
}

/** Decides which requests carry a token, and what the token says. */
export interface TokenOptions extends ServiceNameOptions {
  /**
   * `require` (default): the server must prove that it is the service the ticket was for, or the
   * response is not handed out. An unproven redirect is followed only where the answer to it will
   * be asked for a proof; an origin that is listed or has asked before is not believed when it does
   * not ask for a token. `optional`: the same, but for errors (400 and above) without a token, as
   * nginx, Tomcat and IIS send them: these are handed out, see `sanitize`. `off` is for servers
   * that never answer with a token. Source: RFC 4559 section 5.
   */
  readonly mutualAuthentication?: MutualAuthentication
  /**
   * With `mutualAuthentication: 'optional'`: of an error that nobody has proved the status is
   * handed out and nothing else, no header and no body (`true`, default), or all of it (`false`):
   * then whoever can answer in the server's place chooses what the app reads.
   */
  readonly sanitize?: boolean
  /**
   * `anonymous` sends no identity, `identification` lets the backend know the user and do nothing
   * in the user's name, `delegation` hands the backend a ticket-granting ticket of the user (see
   * `forwardTgt`) where the backend and the user can be delegated, and is `impersonation` where
   * they cannot. Default `impersonation`.
   */
  readonly allowedImpersonationLevel?: AllowedImpersonationLevel
  /**
   * For `delegation`: an encoded KRB-CRED with the user's ticket-granting ticket, sealed with the
   * session key of `ticket`; undefined where there is none to forward. When it fails because the
   * KDC forwards nothing of this user (KDC_ERR_BADOPTION, KDC_ERR_POLICY), the request goes on at
   * `impersonation`. Example: `async (ticket) => sealForwardedCredential(await
   * client.forwardedTgt(), ticket.sessionKey)`
   */
  readonly forwardTgt?: ForwardTgt
  /**
   * For `delegation`, to which services a ticket-granting ticket is forwarded: `require` (default),
   * to those that the user's own KDC calls fit for it (the flag ok-as-delegate: trusted for
   * unconstrained delegation); `ignore`, to all that `origins` lists. Whoever has it is the user
   * everywhere. Source: RFC 4120 section 2.8.
   */
  readonly okAsDelegate?: 'require' | 'ignore'
  /**
   * Whether tokens are bound to the certificate of the TLS connection (tls-server-end-point).
   * `allow` (default) binds where there is something to bind to, `require` sends no token
   * otherwise.
   */
  readonly channelBinding?: 'off' | 'allow' | 'require'
  /**
   * The only origins that get a token: `https://api.ad.test`, `https://*.farm.ad.test`,
   * `http://api.ad.test:8080`. Default: the one of the URL that is fetched, http included, never
   * one that a redirect leads to; so make a list where URLs come from elsewhere. Required for
   * `delegation`.
   */
  readonly origins?: readonly string[]
  readonly onEvent?: FetchEventListener
  /**
   * Where what happens is written for people. Default: nowhere, but with NODE_DEBUG=s4u on the
   * standard error, and else what a backend refuses for the first time as a warning of the process.
   * Example: `{ logger: console }`.
   */
  readonly logger?: Logger
  /** Milliseconds since the epoch. */
  readonly now?: () => number
  readonly random?: RandomSource
}

/**
 * `TokenOptions`, and whose tickets the tokens are made of: those of `client`, or of `ticketFor`.
 */
export interface NegotiationForOptions extends TokenOptions {
  /**
   * The KDC client whose tickets are shown: requests go in the name of its account. An
   * impersonation does as well: they go in the name of its user. Example: `createKdcClient({
   * credentials })`.
   */
  readonly client?: TicketClient
  /**
   * Supplies the tickets in place of `client`. Example: `(spn, options) => client.ticketFor(spn,
   * options)`.
   */
  readonly ticketFor?: TicketFor
  /**
   * The SID of the account that the tickets name, for the events: `S-1-5-21-…-1104`. Default: none.
   */
  readonly clientSid?: string
}

/** Every name in TokenOptions; others are refused. */
export const TOKEN_OPTIONS = {
  serviceNames: 'map',
  includePort: 'flag',
  canonicalName: 'value',
  qualifyShortName: 'value',
  mutualAuthentication: 'value',
  sanitize: 'flag',
  allowedImpersonationLevel: 'value',
  forwardTgt: 'function',
  okAsDelegate: 'value',
  channelBinding: 'value',
  origins: 'texts',
  onEvent: 'function',
  logger: 'value',
  now: 'function',
  random: 'function',
} as const satisfies OptionTableOf<TokenOptions>

/** Every name in NegotiationForOptions. */
export const NEGOTIATION_FOR_OPTIONS = {
  ...TOKEN_OPTIONS,
  client: 'value',
  ticketFor: 'value',
  clientSid: 'value',
} as const satisfies OptionTableOf<NegotiationForOptions>

/**
 * What a word that is none would mean must not be guessed: the less careful of two, mostly. @throws
 * ConfigurationError
 */
export function checkTokenOptions(options: TokenOptions): void {
  const { allowedImpersonationLevel, forwardTgt, origins } = options
  requireLogger(options.logger)
  requireDomain(options.qualifyShortName)
  requireNames(options.serviceNames)
  requireOneOf('mutualAuthentication', options.mutualAuthentication, ['require', 'optional', 'off'])
  requireOneOf('okAsDelegate', options.okAsDelegate, ['require', 'ignore'])
  requireOneOf('channelBinding', options.channelBinding, ['off', 'allow', 'require'])
  requireOneOf('allowedImpersonationLevel', allowedImpersonationLevel, LEVELS)
  if (allowedImpersonationLevel !== 'delegation') return
  if (forwardTgt === undefined) {
    throw new ConfigurationError('allowedImpersonationLevel is delegation, and there is no ticket-granting ticket', {
      code: 'GSS_S_NO_CRED',
      hint: 'Give forwardTgt, which supplies it; or use impersonation, and let the backend use constrained delegation.',
    })
  }
  if (origins === undefined) {
    throw new ConfigurationError('a ticket-granting ticket would be forwarded to whatever URL is fetched', {
      hint: "List who may have it, and so may act as the user everywhere: origins: ['https://api.ad.test'].",
    })
  }
}

/** What stands behind a host is part of the name of a service. @throws ConfigurationError */
function requireDomain(domain: unknown): void {
  if (domain === undefined || domain === '') return
  if (typeof domain === 'string' && /^\.?[\w-]{1,63}(?:\.[\w-]{1,63})*$/.test(domain)) return
  throw new ConfigurationError(`qualifyShortName must be a domain, not ${shownInput(domain)}`, {
    hint: "Write qualifyShortName: 'corp.test'.",
  })
}

/** @throws ConfigurationError */
function requireNames(names: unknown): void {
  const isMap = typeof names === 'object' && names !== null && !Array.isArray(names)
  if (names === undefined || (isMap && Object.values(names).every((name) => typeof name === 'string'))) return
  throw new ConfigurationError('serviceNames must be an object with hosts and the names of their services', {
    hint: "Write serviceNames: { '10.0.0.7': 'HTTP/api.ad.test' }.",
  })
}

/**
 * Returns what supplies the tickets: the function that was given, called as a method of the
 * caller's object, or that of the client.
 * @throws ConfigurationError when there is none, or more than one: the first request would show it
 */
export function ticketsOf(owner: string, options: NegotiationForOptions, given: object): TokenTickets {
  const { client, ticketFor, clientSid } = options
  if (client !== undefined && ticketFor !== undefined)
    throw new ConfigurationError(`${owner}: client and ticketFor were both given, and each supplies tickets`, {
      hint: 'Leave one of them out.',
    })
  if (typeof ticketFor === 'function') return { ticketFor: ticketFor.bind(given), clientSid }
  if (typeof client === 'object' && client !== null && typeof client.ticketFor === 'function')
    return { ticketFor: (spn, request) => client.ticketFor(spn, request), clientSid }
  throw new ConfigurationError(`${owner}: client is missing, the KDC client that supplies tickets`, {
    hint: "Write client: createKdcClient({ credentials: { principal: 'svc-web@AD.TEST', keytab: 'web.keytab' } }), or give a function: ticketFor: (spn, options) => client.ticketFor(spn, options).",
  })
}

const LEVELS: readonly AllowedImpersonationLevel[] = ['anonymous', 'identification', 'impersonation', 'delegation']

/** @throws ConfigurationError */
export function requireOneOf(name: string, value: string | undefined, choices: readonly string[]): void {
  if (value === undefined || choices.includes(value)) return
  throw new ConfigurationError(`${name} must be one of ${choices.join(', ')}, not ${shownInput(value)}`)
}
