import { KRB_ERROR_CODES as KRB } from '@s4u/krb5'
import { ABOUT_THE_USER, KdcError } from '../errors/kdc-errors.js'
import type { KdcEventSubject } from './kdc-event.js'

/** What is told of an exchange, and what the account is called until a KDC knows it. */
export interface ToldSubject extends KdcEventSubject {
  readonly shownAs?: string | undefined
  /** The name of the account is not told, nor what an error says of it. */
  readonly isWithheld?: true
}

/**
 * Returns an exchange as it is told while nobody has proved that its account exists: with the name
 * that `shownAs` gives. What a person typed may be a password.
 */
export function withheld(subject: ToldSubject): ToldSubject {
  const { shownAs } = subject
  return shownAs === undefined ? subject : { ...subject, account: shownAs, isWithheld: true }
}

/** Returns an exchange as it is told with the error that ended it. */
export function withheldAfter(subject: ToldSubject, error: unknown): ToldSubject {
  return provesAccount(error) ? subject : withheld(subject)
}

/** Whether a KDC has answered as it does of an account that it has. */
function provesAccount(error: unknown): boolean {
  if (!(error instanceof KdcError)) return false
  const { step, errorCode } = error.answer
  return step !== 'AS' || OF_AN_ACCOUNT.has(errorCode)
}

const OF_AN_ACCOUNT = new Set([...ABOUT_THE_USER].filter((code) => code !== KRB.KDC_ERR_C_PRINCIPAL_UNKNOWN))
