import { ACCEPTOR_OPTIONS, type AcceptorOptions } from '@s4u/acceptor'
import { FETCH_RULES, prepareFetch } from '@s4u/fetch'
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
import { CHALLENGE_OPTIONS, type ChallengeOptions, checkChallengeOptions } from './http/challenges.js'
import type { ClientAddressOptions } from './http/client-address.js'
import { CROSS_SITE_OPTIONS, type CrossSiteOptions } from './http/cross-site.js'
import type { TlsCertificateOptions } from './http/tls-channel.js'
import {
  KDC_OPTIONS,
  type KdcOptions,
  NEGOTIATOR_KDC_OPTIONS,
  type NegotiatorKdcOptions,
  readKdcOptions,
} from './kdc/kdc-options.js'
import { SESSION_OPTIONS, type SessionOptions } from './session/session-options.js'

export interface NegotiatorOptions
  extends
    Omit<AcceptorOptions, 'forwardedTickets'>,
    NegotiatorKdcOptions,
    SessionOptions,
    CrossSiteOptions,
    ChallengeOptions,
    TlsCertificateOptions,
    ClientAddressOptions,
    NegotiatorListeners {
  /**
   * `required` (default): who does not authenticate gets a 401. `optional`: they pass without an
   * identity; a wrong token is still refused. `off`: nothing is looked at, for routes that another
   * scheme guards.
   */
  readonly mode?: Mode
  readonly delegation?: DelegationOptions
  /**
   * Runs every handler as its caller; routes may require that, and none may forbid it. Default
   * `false`.
   */
  readonly impersonateCallerForAllOperations?: boolean
  /**
   * Whom the `fetch` of `@s4u/fetch` acts as in a handler that runs as nobody in particular
   * (`allowed` or `notAllowed`, without `impersonateCallerForAllOperations`): `nobody` (default),
   * or `service`, the account of this service, as WCF does. Then whoever reaches the handler has
   * the service's rights at backends. `negotiator.fetch` acts as the service in any case.
   */
  readonly outsideImpersonation?: 'nobody' | 'service'
  /** How the delegated fetch behaves. */
  readonly fetch?: FetchOptions
}

/** All options that say nothing of KDCs. */
type OtherOptions = Omit<NegotiatorOptions, keyof NegotiatorKdcOptions>

/** What is lent has its place in `delegation`. */
const { forwardedTickets: _inDelegation, ...OF_ACCEPTOR } = ACCEPTOR_OPTIONS

const OF_OTHERS = {
  ...OF_ACCEPTOR,
  ...CROSS_SITE_OPTIONS,
  ...CHALLENGE_OPTIONS,
  mode: 'value',
  delegation: DELEGATION_OPTIONS,
  impersonateCallerForAllOperations: 'flag',
  outsideImpersonation: 'value',
  fetch: FETCH_RULES,
  session: { orElse: 'value', group: SESSION_OPTIONS },
  tlsCertificate: 'value',
  clientAddress: 'function',
  onChallenge: 'function',
  onAuthenticated: 'function',
  onFailed: 'function',
} as const satisfies OptionTableOf<OtherOptions>

/** Every name in NegotiatorOptions; others are refused. */
export const NEGOTIATOR_OPTIONS = {
  ...OF_OTHERS,
  ...NEGOTIATOR_KDC_OPTIONS,
} as const satisfies OptionTableOf<NegotiatorOptions>

/** Options that have been checked, copied and frozen, and what they say of KDCs in one form. */
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
  const { corsPreflight = false } = options
  if (typeof corsPreflight !== 'boolean') throw new ConfigurationError('corsPreflight must be true or false')
  // What is wrong with it must not wait for a request.
  prepareFetch({ ...options.fetch })
}

function requireOneOf(name: string, value: string | undefined, choices: readonly string[]): void {
  if (value === undefined || choices.includes(value)) return
  throw new ConfigurationError(`${name} must be one of ${choices.join(', ')}, not ${shownInput(value)}`)
}
