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

/** The KDC answered no. `code` is its answer: `KDC_ERR_C_PRINCIPAL_UNKNOWN`. `settings` says what would change it, as far as that is known. */
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

/** The directory does not let this account act for this user towards this target. `settings` says which setting would. */
export class DelegationRefusedError extends S4uError {
  override readonly name = 'DelegationRefusedError'
  readonly answer: KdcAnswer
  readonly reason: RefusalReason
  /** What is missing, without what the KDC said. */
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
 * What is in the way. `service-not-delegable`: the service’s own account may not have forwardable tickets. `refused-by-policy`: an
 * authentication policy, or selective authentication of a trust.
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

export interface FailedAttempt {
  /** `udp/127.0.0.1:88`. */
  readonly address: string
  readonly reason: string
}

interface UnreachableDetails extends ErrorDetails {
  /** What nobody answered as. Default `KDC`. */
  readonly server?: 'KDC' | 'password server'
}

/** No KDC of the realm answered within the time limit. The network, or whoever runs the KDCs, must act. */
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
 * A no about a user on whose behalf the service asks is a no to that user. At sign-in the account
 * is that of the service, whose operator must act, or of a user with a password, which whoever asks
 * for the password knows better.
 */
function statusOf({ step, errorCode, user }: KdcAnswer): ErrorStatus {
  if (errorCode === KRB.KDC_ERR_SVC_UNAVAILABLE) return 503
  return step !== 'AS' && user !== undefined && ABOUT_THE_USER.has(errorCode) ? 403 : 502
}

/** Answers about the user's own account: RFC 4120 section 7.5.9. */
export const ABOUT_THE_USER: ReadonlySet<number> = new Set([
  KRB.KDC_ERR_NAME_EXP,
  KRB.KDC_ERR_C_PRINCIPAL_UNKNOWN,
  KRB.KDC_ERR_POLICY,
  KRB.KDC_ERR_CLIENT_REVOKED,
  KRB.KDC_ERR_CLIENT_NOTYET,
  KRB.KDC_ERR_KEY_EXPIRED,
  KRB.KDC_ERR_PREAUTH_FAILED,
])
