import { type CompletedNegotiation, rejectionOf } from '@s4u/gssapi'
import { MalformedTokenError, RejectedTokenError, S4uError } from '@s4u/krb5'
import type { ExchangeRecord } from '../events/exchange-record.js'
import type { Identity } from '../identity/identity.js'
import type { Accepted, Refused } from './accept-outcome.js'

/** Records the caller, and returns the outcome. */
export function accept(identity: Identity, { reply, context }: CompletedNegotiation, record: ExchangeRecord): Accepted {
  record.accepted(identity)
  return { status: 'accepted', identity, context, reply }
}

/**
 * Records and returns a refusal for an error of s4u. Throws any other error: that is a fault of
 * this program and must be seen.
 */
export function refuse(error: unknown, record: ExchangeRecord, reply?: Uint8Array, mechanism?: string): Refused {
  if (!S4uError.is(error)) throw error
  record.refused(error, mechanism)
  return { status: 'refused', error, reply, mechanism }
}

/**
 * Returns the token that tells the peer about its own fault; undefined for faults of the service.
 */
export function rejectionFor(error: S4uError, token: Uint8Array): Uint8Array | undefined {
  const isPeers = error instanceof MalformedTokenError || error instanceof RejectedTokenError
  return isPeers ? rejectionOf(token) : undefined
}
