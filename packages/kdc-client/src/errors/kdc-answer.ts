import { krbErrorName, printable } from '@s4u/krb5'
import type { HeardError } from './krb-error.js'
import { findNtStatus, ntStatusName } from './nt-status.js'

/** Which exchange with the KDC it was: sign-in, a ticket for the service itself, or one of the two delegation steps. */
export type ExchangeStep = 'AS' | 'TGS' | 'S4U2Self' | 'S4U2Proxy'

/** What a KDC said, in its own terms. Nothing in a KRB-ERROR is protected; these fields are for people, not for decisions. */
export interface KdcAnswer {
  readonly step: ExchangeStep
  /** The account that asked: `svc-web@AD.TEST`. */
  readonly account: string
  /** What it asked for: an SPN, or the krbtgt. */
  readonly target: string
  /** For whom, in a delegation step. */
  readonly user?: string
  readonly errorCode: number
  readonly errorText?: string
  /** The NTSTATUS that Active Directory and Samba add: `STATUS_ACCOUNT_DISABLED`. */
  readonly ntStatus?: string
  /** What the KDC says is the time, milliseconds since the epoch. */
  readonly serverTime?: number
  /**
   * It came in a datagram alone, since TCP to the KDC is closed: anybody on the network may have written it. Nothing is remembered of it.
   */
  readonly unconfirmed?: true
}

/** Reads a KRB-ERROR into the terms of `KdcAnswer`. Names are as they are printed, since hints have lines of their own. */
export function kdcAnswer(
  step: ExchangeStep,
  account: string,
  target: string,
  error: HeardError,
  user?: string,
): KdcAnswer {
  const status = findNtStatus(error)
  return {
    step,
    account: printable(account),
    target: printable(target),
    ...(user !== undefined && { user: printable(user) }),
    errorCode: error.errorCode,
    ...(error.eText !== undefined && { errorText: printable(error.eText) }),
    ...(status !== undefined && { ntStatus: ntStatusName(status) }),
    serverTime: error.stime,
    ...(error.unconfirmed && { unconfirmed: true }),
  }
}

export function describe(answer: KdcAnswer): string {
  const forUser = answer.user === undefined ? '' : ` as ${answer.user}`
  const what =
    answer.step === 'AS' ? `sign-in of ${answer.account}` : `${answer.account} asked for ${answer.target}${forUser}`
  const said = [`KDC error ${answer.errorCode}`, answer.ntStatus, answer.errorText && JSON.stringify(answer.errorText)]
  if (answer.unconfirmed) said.push('unconfirmed: it came by UDP, and TCP to the KDC is closed')
  return `${answer.step}: ${what}: ${krbErrorName(answer.errorCode)} (${said.filter(Boolean).join(', ')})`
}
