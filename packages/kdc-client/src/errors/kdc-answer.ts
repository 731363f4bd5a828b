import { krbErrorName, printable } from '@s4u/krb5'
import type { HeardError } from './krb-error.js'
import { findNtStatus, ntStatusName } from './nt-status.js'

/**
 * The exchange with the KDC: sign-in, a ticket in the service's own name, or one of the two steps
 * of a delegation.
 */
export type ExchangeStep = 'AS' | 'TGS' | 'S4U2Self' | 'S4U2Proxy'

/**
 * What a KDC answered. Nothing in a KRB-ERROR is authenticated: show these fields to people, and
 * make no decision with them.
 */
export interface KdcAnswer {
  readonly step: ExchangeStep
  /** The account that asked: `svc-web@AD.TEST`. */
  readonly account: string
  /** What the account asked for: an SPN, or the krbtgt. */
  readonly target: string
  /** The user of a delegation step. */
  readonly user?: string
  readonly errorCode: number
  readonly errorText?: string
  /** The NTSTATUS that Active Directory and Samba add: `STATUS_ACCOUNT_DISABLED`. */
  readonly ntStatus?: string
  /** The KDC's time, milliseconds since the epoch. */
  readonly serverTime?: number
  /**
   * The answer came by UDP only, because TCP to the KDC is closed. Anybody on the network may have
   * forged it, so it is not remembered.
   */
  readonly unconfirmed?: true
}

/** Reads a KRB-ERROR. Names are made printable, because hints consist of lines. */
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
