import {
  decodePasswordPolicy,
  type ErrorStatus,
  type KpasswdResult,
  KPASSWD_RESULTS as RESULT,
  kpasswdResultName,
  type KrbError,
  krbErrorName,
  type PasswordPolicy,
  printable,
  S4uError,
  type S4uErrorCode,
} from '@s4u/krb5'
import { policySentences } from './policy-sentences.js'

/** The user whose password was to be changed, and the account that asked. */
export interface ChangeSubject {
  /** The user: `alice@AD.TEST`. */
  readonly principal: string
  /** The account that asked, if it is another one: `admin@AD.TEST`. */
  readonly administrator?: string
}

/**
 * The server did not change the password. `code` is the result of the server
 * (`KRB5_KPASSWD_SOFTERROR` if the policy does not allow the new password), or the name of a
 * KRB-ERROR. RFC 3244 section 2.
 *
 * @example
 * ```ts
 * import { PasswordChangeRefusedError } from '@s4u/kdc-client'
 *
 * // Whether another password may be accepted.
 * export const isPolicy = (error: unknown) =>
 *   error instanceof PasswordChangeRefusedError && error.code === 'KRB5_KPASSWD_SOFTERROR'
 * ```
 */
export class PasswordChangeRefusedError extends S4uError {
  override readonly name = 'PasswordChangeRefusedError'
  /** The user whose password it is: `alice@AD.TEST`. */
  readonly principal: string
  /**
   * The text of the server, made safe to show. If the server sent `policy` instead, this is its
   * rules as sentences.
   */
  readonly text: string
  /** What the domain demands of passwords, if the server said so: Active Directory and Samba do. */
  readonly policy: PasswordPolicy | undefined
  /**
   * True if the answer is not signed: an attacker on the network can have written it, and the
   * password may have been changed.
   */
  readonly unconfirmed: boolean

  constructor(subject: ChangeSubject, refusal: Refusal) {
    const { code, text, policy, unconfirmed } = refusal
    const { principal, administrator } = subject
    const by = administrator === undefined ? '' : ` by ${administrator}`
    const said = [text && JSON.stringify(text), unconfirmed && 'unconfirmed: nobody has signed it'].filter(Boolean)
    super(
      `the password of ${principal} was not changed${by}: ${code}${said.length > 0 ? ` (${said.join(', ')})` : ''}`,
      {
        code,
        hint: hintOf(subject, refusal),
        status: STATUS[code] ?? 502,
      },
    )
    this.principal = printable(principal)
    this.text = text
    this.policy = policy
    this.unconfirmed = unconfirmed
  }
}

export interface Refusal {
  readonly code: S4uErrorCode
  readonly text: string
  readonly policy: PasswordPolicy | undefined
  readonly unconfirmed: boolean
}

/**
 * Reads a refusal from a result.
 *
 * @param secret the new password, which no error may contain, even if the server repeats it
 */
export function refusalOf(result: KpasswdResult, secret: string): Refusal {
  const policy = decodePasswordPolicy(result.text)
  const text = policy ? policySentences(policy).join(' ') : shownText(result.text, secret)
  return { code: kpasswdResultName(result.code), text, policy, unconfirmed: false }
}

/** Reads a refusal from a KRB-ERROR, which is not signed. */
export function unconfirmedRefusal(error: KrbError, result: KpasswdResult | undefined, secret: string): Refusal {
  const isNamed = result !== undefined && result.code !== RESULT.KRB5_KPASSWD_SUCCESS
  if (isNamed) return { ...refusalOf(result, secret), unconfirmed: true }
  const text = shownText(new TextEncoder().encode(error.eText ?? ''), secret)
  return { code: krbErrorName(error.errorCode), text, policy: undefined, unconfirmed: true }
}

/** The most characters of a text that are shown: a sentence or two for the user. */
const MAX_TEXT = 1_000

/**
 * The characters of the shortest secret that is cut out of a text. A shorter one occurs in ordinary
 * words, and the gaps in them would reveal it.
 */
const SHORTEST_CUT_OUT = 3

function shownText(octets: Uint8Array, secret: string): string {
  if (secret.length < SHORTEST_CUT_OUT) return ''
  // The secret is cut out before anything else: in a text that was shortened, joined or escaped it
  // would not be found.
  const text = new TextDecoder().decode(octets).replaceAll(secret, '…').slice(0, MAX_TEXT)
  const lines = text.split(/[\r\n\0]+/).map((line) => line.trim())
  return printable(lines.filter((line) => line !== '').join(' '))
}

/**
 * 400 if the user must choose another password, 401 and 403 if the one who asked must act;
 * otherwise the server must.
 */
const STATUS: Readonly<Record<string, ErrorStatus>> = {
  KRB5_KPASSWD_SOFTERROR: 400,
  KRB5_KPASSWD_AUTHERROR: 401,
  KRB5_KPASSWD_ACCESSDENIED: 403,
  KRB5_KPASSWD_INITIAL_FLAG_NEEDED: 403,
}

function hintOf(subject: ChangeSubject, refusal: Refusal): string {
  const hint = HINTS[refusal.code]?.(subject, refusal) ?? LOG_TELLS_WHY
  return refusal.unconfirmed
    ? `${hint} Nobody has signed this answer: if it was forged, the password may have been changed all the same. Sign in with the new one to see.`
    : hint
}

type Hint = (subject: ChangeSubject, refusal: Refusal) => string

const LOG_TELLS_WHY = 'The log of the password server (kadmind, kpasswdd, the domain controller) tells why.'

const HINTS: Readonly<Record<string, Hint>> = {
  KRB5_KPASSWD_SOFTERROR: (_, { policy, text }) =>
    policy || text === ''
      ? 'Choose a new password that goes with the policy of the domain, and that was not used before. Where the policy has a least age, one that was changed just now cannot be changed again.'
      : `Choose another new password: the server says ${JSON.stringify(text)}`,
  KRB5_KPASSWD_ACCESSDENIED: ({ principal, administrator }) =>
    administrator === undefined
      ? `${principal} may not change its own password. On Active Directory and Samba: "User cannot change password" is set on the account. Take it away, or let an administrator set the password`
      : `${administrator} may not set the password of ${principal}. On Active Directory and Samba: give it the right "Reset password" on the account. On MIT: a line in kadm5.acl with the letter c, and kadmind started again. On Heimdal: a line in kadmind.acl with cpw`,
  KRB5_KPASSWD_AUTHERROR: () =>
    'The server did not accept the ticket: its clock, or its key of kadmin/changepw, is another than that of the KDC.',
  KRB5_KPASSWD_INITIAL_FLAG_NEEDED: () =>
    'The server wants a ticket by sign-in: give a password or a keytab in place of a credential cache.',
  KRB5_KPASSWD_BAD_VERSION: ({ administrator }) =>
    administrator === undefined
      ? LOG_TELLS_WHY
      : 'The server knows only changes of one’s own password, and not the request of RFC 3244 to set one.',
  KRB_AP_ERR_SKEW: () => 'The clock of the password server is another than that of the KDC: set both by NTP.',
  KRB_AP_ERR_REPEAT: () =>
    'The server has seen this request before: it was delivered twice, and the first one may have changed the password. Sign in with the new one to see.',
}
