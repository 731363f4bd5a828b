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

/** The type of `fetch`. */
export type Fetch = typeof globalThis.fetch

/** Options of one request for a ticket. */
export interface TicketForOptions {
  /** Ends the wait for the ticket. Default: none. */
  readonly signal?: AbortSignal
  /**
   * Asks the KDC for a new ticket: the service no longer has the key that the cached one is sealed
   * with. Default: `false`.
   */
  readonly fresh?: boolean
}

/** Supplies the ticket for a service. The backend sees the client of this ticket as the caller. */
export type TicketFor = (spn: string, options: TicketForOptions) => Promise<ServiceTicket>

/** What a backend may do with the user's identity. Source: WCF, AllowedImpersonationLevel. */
export type AllowedImpersonationLevel = 'anonymous' | 'identification' | 'impersonation' | 'delegation'

/** Makes the encoded KRB-CRED that is forwarded with a token. */
export type ForwardTgt = (
  ticket: ServiceTicket,
  options: { readonly signal?: AbortSignal },
) => Promise<Uint8Array | undefined>

/**
 * Whether a server must prove itself. `require`: with each answer. `optional`: with each answer
 * below 400. `off`: never.
 */
export type MutualAuthentication = 'require' | 'optional' | 'off'

/** What supplies tickets: a KDC client, or an impersonation. */
export interface TicketClient {
  ticketFor(spn: string, options?: TicketForOptions): Promise<ServiceTicket>
}

/** The tickets that tokens are made of. */
export interface TokenTickets {
  readonly ticketFor: TicketFor
  readonly clientSid?: string
}

/** Options that decide which requests carry a token, and what the token says. */
export interface TokenOptions extends ServiceNameOptions {
  /**
   * `require` (default): the server must prove that it is the service that the ticket was for, or
   * the response is not handed out. A redirect without a proof is followed only to a server that
   * must prove itself. An origin that is listed, or has asked before, must ask for a token: an
   * answer that does not ask is refused. `optional`: as `require`, but errors (400 and above) are
   * handed out without a proof, because nginx, Tomcat and IIS send none with errors; see
   * `sanitize`. `off`: for servers that never answer with a token. Source: RFC 4559 section 5.
   */
  readonly mutualAuthentication?: MutualAuthentication
  /**
   * With `mutualAuthentication: 'optional'`: `true` (default) hands out the status of an unproven
   * error, without headers and body. `false` hands out all of it: an attacker who can answer in the
   * server's place then chooses what the app reads.
   */
  readonly sanitize?: boolean
  /**
   * `anonymous` sends no token. `identification` lets the backend know the user, and not act as the
   * user. `impersonation` (default) lets the backend act as the user on its own machine.
   * `delegation` also gives the backend a ticket-granting ticket of the user (see `forwardTgt`), if
   * the user and the ticket allow it; otherwise it works as `impersonation`.
   */
  readonly allowedImpersonationLevel?: AllowedImpersonationLevel
  /**
   * For `delegation`: makes an encoded KRB-CRED with the user's ticket-granting ticket, sealed with
   * the session key of `ticket`; undefined where there is nothing to forward. If the KDC forwards
   * no ticket of this user (KDC_ERR_BADOPTION, KDC_ERR_POLICY), the request goes on at
   * `impersonation`. Default: none. Example: `async (ticket) => sealForwardedCredential(await
   * client.tgtToForward(), ticket.sessionKey)`.
   */
  readonly forwardTgt?: ForwardTgt
  /**
   * For `delegation`, which services get a ticket-granting ticket. `require` (default): those that
   * the user's own KDC marks with the flag ok-as-delegate (trusted for unconstrained delegation).
   * `ignore`: every service at an origin in `origins`. A service that has the ticket can act as the
   * user everywhere. Source: RFC 4120 section 2.8.
   */
  readonly okAsDelegate?: 'require' | 'ignore'
  /**
   * Whether tokens are bound to the certificate of the TLS connection (tls-server-end-point).
   * `allow` (default) binds where there is a certificate, `require` sends no token without one,
   * `off` never binds.
   */
  readonly channelBinding?: 'off' | 'allow' | 'require'
  /**
   * The only origins that get a token: `https://api.ad.test`, `https://*.farm.ad.test`,
   * `http://api.ad.test:8080`. Default: the origin of the URL that the app fetches (http too), and
   * no origin of a redirect. Make a list where URLs do not come from your own code. Required for
   * `delegation`.
   */
  readonly origins?: readonly string[]
  /** Gets each event of a request. Default: none. Example: `(event) => log(event.kind)`. */
  readonly onEvent?: FetchEventListener
  /**
   * Gets a line for each event. Default: no logger; NODE_DEBUG=s4u prints the lines on standard
   * error, and the first refusal of each kind is a warning of the process. Example: `{ logger:
   * console }`.
   */
  readonly logger?: Logger
  /**
   * The time in milliseconds since the epoch. Default: `Date.now`. Example: `() =>
   * 1_700_000_000_000`, in a test.
   */
  readonly now?: () => number
  /** Makes random octets. Default: those of the platform. */
  readonly random?: RandomSource
}

/**
 * `TokenOptions`, and whose tickets the tokens are made of: those of `client`, or of `ticketFor`.
 */
export interface NegotiationForOptions extends TokenOptions {
  /**
   * The KDC client whose tickets are shown: requests go in the name of its account. An
   * impersonation is accepted too: requests then go in the name of its user. Default: none.
   * Example: `createKdcClient({ credentials })`.
   */
  readonly client?: TicketClient
  /**
   * Supplies the tickets in place of `client`. Default: none. Example: `(spn, options) =>
   * client.ticketFor(spn, options)`.
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
 * Refuses unknown values, and a `delegation` without `forwardTgt` or `origins`. If it guessed a
 * value, it would mostly choose the less strict behaviour.
 * @throws ConfigurationError
 */
export function checkTokenOptions(options: TokenOptions): void {
  const { allowedImpersonationLevel, forwardTgt, origins } = options
  requireLogger(options.logger)
  requireQualifyShortName(options.qualifyShortName)
  requireServiceNames(options.serviceNames)
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
    throw new ConfigurationError(
      'allowedImpersonationLevel delegation needs origins: otherwise the ticket-granting ticket of the user goes to every URL that is fetched',
      {
        hint: "List who may have it, and so may act as the user everywhere: origins: ['https://api.ad.test'].",
      },
    )
  }
}

/** Checks a domain, which becomes a part of the name of a service. @throws ConfigurationError */
function requireQualifyShortName(domain: unknown): void {
  if (domain === undefined || domain === '') return
  if (typeof domain === 'string' && /^\.?[\w-]{1,63}(?:\.[\w-]{1,63})*$/.test(domain)) return
  throw new ConfigurationError(`qualifyShortName must be a domain, not ${shownInput(domain)}`, {
    hint: "Write qualifyShortName: 'corp.test'.",
  })
}

/** @throws ConfigurationError */
function requireServiceNames(names: unknown): void {
  const isMap = typeof names === 'object' && names !== null && !Array.isArray(names)
  if (names === undefined || (isMap && Object.values(names).every((name) => typeof name === 'string'))) return
  throw new ConfigurationError('serviceNames must be an object: each key a host, each value the name of its service', {
    hint: "Write serviceNames: { '10.0.0.7': 'HTTP/api.ad.test' }.",
  })
}

/**
 * Returns the source of the tickets: the function that was given, bound to the options object, or
 * that of the client.
 * @throws ConfigurationError if there is none, or more than one: so the mistake is found now, and
 * not at the first request
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
