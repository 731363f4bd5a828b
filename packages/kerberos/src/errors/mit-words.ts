/** The words of MIT's library for what s4u calls by the protocol's own names. */

import { KdcUnreachableError } from '@s4u/kdc-client'
import { KRB_ERROR_CODES, type KrbErrorName, S4uError } from '@s4u/krb5'
import { KerberosError } from './kerberos-error.js'

/**
 * Major statuses of GSS-API. Source: RFC 2744 section 3.9; the words are those of MIT krb5 1.20.
 */
export const MAJOR = {
  BAD_NAME: 'An invalid name was supplied',
  DEFECTIVE_TOKEN: 'Invalid token was supplied',
  FAILURE: 'Unspecified GSS failure.  Minor code may provide more information',
  NO_CRED: 'No credentials were supplied, or the credentials were unavailable or inaccessible',
} as const

/**
 * Returns an error of a context in the words `MAJOR: minor`. An error that is not one of s4u is a
 * fault of this program, and is returned as it is.
 *
 * @param words the major status, and the minor words where they name something
 */
export function inGssWords(error: unknown, words: { readonly major?: string; readonly minor?: string } = {}): unknown {
  if (!S4uError.is(error) || error instanceof KerberosError) return error
  const { major = majorOf(error), minor = minorOf(error) } = words
  return new KerberosError(`${major}: ${minor}`, error)
}

/** Returns an error of a sign-in in the words of krb5, with its number: `… (-1765328360)`. */
export function inKrb5Words(error: unknown): unknown {
  if (!S4uError.is(error) || error instanceof KerberosError) return error
  const number = numberOf(error)
  return number === undefined ? error : new KerberosError(`${minorOf(error)} (${number})`, error)
}

function majorOf({ code }: S4uError): string {
  if (code === 'GSS_S_DEFECTIVE_TOKEN') return MAJOR.DEFECTIVE_TOKEN
  return NO_CREDENTIALS.has(code) ? MAJOR.NO_CRED : MAJOR.FAILURE
}

const NO_CREDENTIALS: ReadonlySet<string> = new Set([
  'GSS_S_NO_CRED',
  'KRB5_CC_NOTFOUND',
  'KRB5_FCC_NOFILE',
  'KRB5_KT_NOTFOUND',
])

/** The text of a minor status; where MIT has none of this kind, the message of s4u. */
function minorOf(error: S4uError): string {
  if (isRealmUnknown(error)) return 'Cannot find KDC for requested realm'
  return MINOR[error.code] ?? error.message
}

/** No KDC was asked, since none is known. */
function isRealmUnknown(error: S4uError): boolean {
  return error instanceof KdcUnreachableError && error.attempts.length === 0
}

/** Source: MIT krb5 1.20, the table of error messages of the library. */
const MINOR: Readonly<Record<string, string>> = {
  KDC_ERR_C_PRINCIPAL_UNKNOWN: 'Client not found in Kerberos database',
  KDC_ERR_CLIENT_REVOKED: "Client's credentials have been revoked",
  KDC_ERR_KEY_EXPIRED: 'Password has expired',
  KDC_ERR_NAME_EXP: "Client's entry in database has expired",
  KDC_ERR_PREAUTH_FAILED: 'Preauthentication failed',
  KRB5_KDC_UNREACH: 'Cannot contact any KDC for requested realm',
  KRB_AP_ERR_BAD_INTEGRITY: 'Decrypt integrity check failed',
  KRB_AP_ERR_REPEAT: 'Request is a replay',
  KRB_AP_ERR_SKEW: 'Clock skew too great',
  KRB_AP_ERR_TKT_EXPIRED: 'Ticket expired',
}

/**
 * Returns the number of an error in MIT's library: the table begins at -1765328384 and has the
 * codes of the protocol first.
 */
function numberOf(error: S4uError): number | undefined {
  const { code } = error
  if (code === 'KRB5_KDC_UNREACH') return isRealmUnknown(error) ? REALM_UNKNOWN : KDC_UNREACH
  return isProtocolName(code) ? TABLE_BASE + KRB_ERROR_CODES[code] : undefined
}

const TABLE_BASE = -1_765_328_384
const REALM_UNKNOWN = -1_765_328_230
const KDC_UNREACH = -1_765_328_228

function isProtocolName(code: string): code is KrbErrorName {
  return Object.hasOwn(KRB_ERROR_CODES, code)
}
