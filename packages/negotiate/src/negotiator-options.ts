import { ACCEPTOR_OPTIONS, type AcceptorOptions } from '@s4u/acceptor'
import { FETCH_OPTIONS, prepareFetch } from '@s4u/fetch'
import {
  closeOptions,
  ConfigurationError,
  NO_OPTIONS,
  type OptionTableOf,
  pickOptions,
  shownInput,
  journalFor,
  tellNotice,
} from '@s4u/kdc-client'
import { type Mode, requireMode } from './authenticate/mode.js'
import type { NegotiatorListeners } from './authenticate/negotiator-events.js'
import { checkDelegationOptions, DELEGATION_OPTIONS, type DelegationOptions } from './delegation/delegation-policy.js'
import type { FetchOptions } from './delegation/impersonation.js'
import { checkDirectoryOption, type DirectoryOptions } from './directory/directory-option.js'
import { CHALLENGE_OPTIONS, type ChallengeOptions, checkChallengeOptions } from './http/challenges.js'
import { CLIENT_ADDRESS_OPTIONS, type ClientAddressOptions } from './http/client-address.js'
import { CROSS_SITE_OPTIONS, type CrossSiteOptions } from './http/cross-site.js'
import type { TlsCertificateOptions } from './http/tls-channel.js'
import {
  KDC_OPTIONS,
  type KdcOptions,
  NEGOTIATOR_KDC_OPTIONS,
  type NegotiatorKdcOptions,
  readKdcOptions,
} from './kdc/kdc-options.js'
import { SIGN_IN_SOURCES_OPTIONS, type SignInSourcesOptions, sourcesOf } from './sign-in-sources/sign-in-options.js'
import { SESSION_OPTIONS, type SessionOptions } from './session/session-options.js'
import { checkNetwork, checkServers } from './web/runtime-limits.js'

/**
 * Options of `createNegotiator`: those of an acceptor, and those of sessions, delegation and
 * requests.
 */
export interface NegotiatorOptions
  extends
    Omit<AcceptorOptions, 'forwardedTickets'>,
    NegotiatorKdcOptions,
    SessionOptions,
    CrossSiteOptions,
    ChallengeOptions,
    TlsCertificateOptions,
    ClientAddressOptions,
    DirectoryOptions,
    SignInSourcesOptions,
    NegotiatorListeners {
  /**
   * Whether callers must authenticate. `required` (default): other callers get a 401. `optional`:
   * they pass without an identity, but a wrong token is refused. `off`: nothing is checked, for
   * routes that another scheme protects.
   */
  readonly mode?: Mode
  /**
   * What the service permits itself in the name of users: which account asks the KDC, which
   * services it calls, and for which users it vouches. Example: `{ principal: 'svc-web' }`.
   */
  readonly delegation?: DelegationOptions
  /** Whether every handler runs as its caller. Routes may then not forbid it. Default `false`. */
  readonly impersonateCallerForAllOperations?: boolean
  /**
   * As whom the `fetch` of `@s4u/fetch` acts in a handler that impersonates no caller: `nobody`
   * (default), or `service`, the account of this service, as in WCF. With `service`, every caller
   * who reaches the handler has the service's rights at backends. `negotiator.fetch` always acts as
   * the service.
   */
  readonly outsideImpersonation?: 'nobody' | 'service'
  /**
   * How the fetch of an impersonation behaves: the options of `createFetch` in `@s4u/fetch`,
   * without its tickets. Example: `{ origins: ['https://api.ad.test'] }`.
   */
  readonly fetch?: FetchOptions
}

/** All options that say nothing of KDCs. */
type OtherOptions = Omit<NegotiatorOptions, keyof NegotiatorKdcOptions>

/** A negotiator has this option in `delegation`. */
const { forwardedTickets: _inDelegation, ...OF_ACCEPTOR } = ACCEPTOR_OPTIONS

const OF_OTHERS = {
  ...OF_ACCEPTOR,
  ...CROSS_SITE_OPTIONS,
  ...CHALLENGE_OPTIONS,
  mode: 'value',
  delegation: DELEGATION_OPTIONS,
  impersonateCallerForAllOperations: 'flag',
  outsideImpersonation: 'value',
  fetch: FETCH_OPTIONS,
  session: { orElse: 'value', group: SESSION_OPTIONS },
  tlsCertificate: 'value',
  ...CLIENT_ADDRESS_OPTIONS,
  ...SIGN_IN_SOURCES_OPTIONS,
  directory: 'value',
  onChallenge: 'function',
  onAuthenticated: 'function',
  onFailed: 'function',
} as const satisfies OptionTableOf<OtherOptions>

/** Every name in NegotiatorOptions; others are refused. */
export const NEGOTIATOR_OPTIONS = {
  ...OF_OTHERS,
  ...NEGOTIATOR_KDC_OPTIONS,
} as const satisfies OptionTableOf<NegotiatorOptions>

/** Options that have been checked, copied and frozen, with what they say of KDCs in one form. */
export interface CheckedOptions extends OtherOptions {
  readonly kdc?: KdcOptions
}

const CHECKED_OPTIONS = { ...OF_OTHERS, kdc: KDC_OPTIONS } as const satisfies OptionTableOf<CheckedOptions>

/**
 * Checks options, warns of names that are deprecated, and returns a frozen copy.
 * @throws ConfigurationError S4U_UNKNOWN_OPTION among others
 */
export function checkedOptions(given: NegotiatorOptions | undefined): CheckedOptions {
  const options = closeOptions('negotiate', given, NEGOTIATOR_OPTIONS)
  checkNegotiatorOptions(options)
  const { kdc, notices } = readKdcOptions(options)
  for (const notice of notices) tellNotice(notice, journalFor(options.logger))
  return closeOptions<CheckedOptions>(
    'negotiate',
    { ...pickOptions<OtherOptions>(options, OF_OTHERS), ...(kdc && { kdc }) },
    CHECKED_OPTIONS,
  )
}

/** @throws ConfigurationError */
export function checkNegotiatorOptions(options: NegotiatorOptions): void {
  checkDelegationOptions(options.delegation ?? NO_OPTIONS)
  if (options.mode !== undefined) requireMode(options.mode)
  requireOneOf('outsideImpersonation', options.outsideImpersonation, ['nobody', 'service'])
  checkChallengeOptions(options)
  checkServers(options)
  checkNetwork(options)
  checkDirectoryOption(options)
  sourcesOf(options)
  const { corsPreflight = false } = options
  if (typeof corsPreflight !== 'boolean') throw new ConfigurationError('corsPreflight must be true or false')
  // A mistake in these options must not wait for the first request.
  prepareFetch({ ...options.fetch })
}

function requireOneOf(name: string, value: string | undefined, choices: readonly string[]): void {
  if (value === undefined || choices.includes(value)) return
  throw new ConfigurationError(`${name} must be one of ${choices.join(', ')}, not ${shownInput(value)}`)
}
