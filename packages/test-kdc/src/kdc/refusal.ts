import type { KrbErrorName, PaData } from '@s4u/krb5'
import type { FastChannel } from './fast-channel.js'

export interface RefusalDetails {
  /** The reason as Windows gives it, sent as e-data. */
  readonly ntStatus?: NtStatusName
  /** METHOD-DATA for the client of an AS exchange. */
  readonly methodData?: readonly PaData[]
  /** With KDC_ERR_WRONG_REALM: the realm that knows the client. */
  readonly clientRealm?: string
}

/** The KDC refuses a request. It is answered with a KRB-ERROR. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: KrbErrorName
  readonly details: RefusalDetails
  /** The FAST channel through which the error goes back. */
  readonly channel: FastChannel | undefined

  constructor(code: KrbErrorName, text: string, details: RefusalDetails = {}, channel?: FastChannel) {
    super(text)
    this.code = code
    this.details = details
    this.channel = channel
  }

  /** Returns the same refusal, to be sent inside the armor. */
  within(channel: FastChannel): Refusal {
    return new Refusal(this.code, this.message, this.details, channel)
  }
}

/** Throws a `Refusal`. */
export function refuse(code: KrbErrorName, text: string, details?: RefusalDetails): never {
  throw new Refusal(code, text, details)
}

/**
 * Makes a refusal of any error, so that every well-formed request gets an answer, even with padata
 * that does not decode or a key that cannot be used.
 */
export function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  return new Refusal('KRB_ERR_GENERIC', error instanceof Error ? error.message : 'unknown error')
}

/** The reasons that Active Directory gives. Source: MS-ERREF section 2.3.1. */
export const NT_STATUS = {
  STATUS_ACCOUNT_RESTRICTION: 0xc000_006e,
  STATUS_ACCOUNT_DISABLED: 0xc000_0072,
  STATUS_NOT_SUPPORTED: 0xc000_00bb,
  STATUS_ACCOUNT_EXPIRED: 0xc000_0193,
  STATUS_PASSWORD_MUST_CHANGE: 0xc000_0224,
  STATUS_NOT_FOUND: 0xc000_0225,
  STATUS_ACCOUNT_LOCKED_OUT: 0xc000_0234,
  STATUS_NO_MATCH: 0xc000_0272,
} as const

/**
 * The name of a status of Windows that a refusal of the realm carries: `STATUS_ACCOUNT_DISABLED`.
 */
export type NtStatusName = keyof typeof NT_STATUS
