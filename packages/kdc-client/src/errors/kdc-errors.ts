import {
  type ErrorDetails,
  type ErrorStatus,
  KRB_ERROR_CODES as KRB,
  krbErrorName,
  printable,
  printableName,
  S4uError,
} from '@s4u/krb5'
import { describe, type KdcAnswer } from './kdc-answer.js'
import { type DirectorySetting, formatSettings } from './directory-setting.js'

/**
 * A KDC answered with an error. `code` is the name of that error: `KDC_ERR_C_PRINCIPAL_UNKNOWN`.
 * `settings` lists what would change the answer, as far as that is known.
 *
 * @example
 * ```ts
 * import { createKdcClient, KdcError } from '@s4u/kdc-client'
 *
 * const client = createKdcClient({ credentials: { ccache: true } })
 * try {
 *   await client.ticketFor('HTTP/unknown.ad.test')
 * } catch (error) {
 *   if (!(error instanceof KdcError)) throw error
 *   console.error(error.code, error.answer.target, error.hint) // KDC_ERR_S_PRINCIPAL_UNKNOWN …
 * }
 * ```
 */
export class KdcError extends S4uError {
  override readonly name: string = 'KdcError'
  readonly answer: KdcAnswer
  readonly settings: readonly DirectorySetting[]

  constructor(answer: KdcAnswer, details: ErrorDetails = {}, settings: readonly DirectorySetting[] = []) {
    super(describe(answer), {
      code: krbErrorName(answer.errorCode),
      status: statusOf(answer),
      ...(settings.length > 0 && { hint: formatSettings(settings) }),
      ...details,
    })
    this.answer = answer
    this.settings = settings
  }
}

/**
 * The directory does not permit this account to act for this user at this target. `settings` lists
 * the settings that would permit it.
 *
 * @example
 * ```ts
 * import { DelegationRefusedError } from '@s4u/kdc-client'
 *
 * // What an administrator has to type, for the directory that there is.
 * export const remedyOf = (error: unknown) =>
 *   error instanceof DelegationRefusedError ? error.settings.map(({ samba }) => samba) : []
 * ```
 */
export class DelegationRefusedError extends S4uError {
  override readonly name = 'DelegationRefusedError'
  readonly answer: KdcAnswer
  readonly reason: RefusalReason
  /** What is missing, without the KDC's own words. */
  readonly sentence: string
  readonly settings: readonly DirectorySetting[]

  constructor(
    answer: KdcAnswer,
    reason: RefusalReason,
    sentence: string,
    settings: readonly DirectorySetting[],
    details: ErrorDetails = {},
  ) {
    super(`${sentence} (${describe(answer)})`, {
      code: krbErrorName(answer.errorCode),
      hint: formatSettings(settings),
      status: 403,
      ...details,
    })
    this.answer = answer
    this.reason = reason
    this.sentence = sentence
    this.settings = settings
  }
}

/**
 * Why a delegation was refused. `service-not-delegable`: the account of the service itself may not
 * have forwardable tickets. `refused-by-policy`: an authentication policy, or selective
 * authentication of a trust.
 */
export type RefusalReason =
  | 'target-not-allowed'
  | 'target-unknown'
  | 'refused-by-policy'
  | 'service-not-delegable'
  | 'protocol-transition-not-allowed'
  | 'user-not-delegable'
  | 'evidence-not-forwardable'
  | 'evidence-unusable'
  | 'no-pac'
  | 'not-a-service'
  | 'not-permitted-by-application'
  | 'other'

/** A KDC that was asked in vain, and why: no answer, or no connection. */
export interface FailedAttempt {
  /** The protocol and the address: `udp/127.0.0.1:88`. */
  readonly address: string
  readonly reason: string
}

interface UnreachableDetails extends ErrorDetails {
  /** Which server did not answer. Default: `KDC`. */
  readonly server?: 'KDC' | 'password server'
}

/**
 * No KDC of the realm answered within the time limit. The administrator of the network or of the
 * KDCs must act.
 *
 * @example
 * ```ts
 * import { KdcUnreachableError } from '@s4u/kdc-client'
 *
 * // A later try may succeed: the caller gets 503.
 * export const statusOf = (error: unknown) => (error instanceof KdcUnreachableError ? 503 : 500)
 * ```
 */
export class KdcUnreachableError extends S4uError {
  override readonly name = 'KdcUnreachableError'
  readonly realm: string
  readonly attempts: readonly FailedAttempt[]

  constructor(realm: string, attempts: readonly FailedAttempt[], details: UnreachableDetails = {}) {
    const { server = 'KDC', ...rest } = details
    const tried = attempts.map(({ address, reason }) => `${address}: ${reason}`).join('; ')
    const shown = printableName(realm)
    super(`no ${server} of ${shown} answered (${tried || 'none is known'})`, {
      code: 'KRB5_KDC_UNREACH',
      hint:
        attempts.length > 0
          ? 'Check that the addresses are right and that UDP and TCP port 88 are open from here.'
          : `Name the KDCs in the kdc option, in krb5.conf ([realms] ${shown}), or in DNS (_kerberos._udp and _kerberos._tcp SRV records).`,
      status: 503,
      ...rest,
    })
    this.realm = shown
    this.attempts = attempts.map(({ address, reason }) => ({ address: printable(address), reason: printable(reason) }))
  }
}

/**
 * Returns the HTTP status of a refusal. A refusal that concerns the user of a delegation is 403. A
 * refused sign-in concerns the service's account, whose operator must act, or a user with a
 * password; code that asks users for passwords sets its own status.
 */
function statusOf({ step, errorCode, user }: KdcAnswer): ErrorStatus {
  if (errorCode === KRB.KDC_ERR_SVC_UNAVAILABLE) return 503
  return step !== 'AS' && user !== undefined && ABOUT_THE_USER.has(errorCode) ? 403 : 502
}

/** Errors about the account of the user. Source: RFC 4120 section 7.5.9. */
export const ABOUT_THE_USER: ReadonlySet<number> = new Set([
  KRB.KDC_ERR_NAME_EXP,
  KRB.KDC_ERR_C_PRINCIPAL_UNKNOWN,
  KRB.KDC_ERR_POLICY,
  KRB.KDC_ERR_CLIENT_REVOKED,
  KRB.KDC_ERR_CLIENT_NOTYET,
  KRB.KDC_ERR_KEY_EXPIRED,
  KRB.KDC_ERR_PREAUTH_FAILED,
])
