/** What exchanges with KDCs leave for the record. The only file of this package that knows `node:diagnostics_channel`. */

import { AsyncLocalStorage } from 'node:async_hooks'
import { channel } from 'node:diagnostics_channel'
import { encryptionTypeName, formatName, type KerberosFlags, krbErrorName, type KrbError, S4uError } from '@s4u/krb5'
import type { Principal } from '@s4u/krb5'
import { DelegationRefusedError, KdcError } from './errors.js'
import { findNtStatus, ntStatusName } from './nt-status.js'
import type { ServiceTicket } from './service-ticket.js'

/** The name of the diagnostics channel on which one record per exchange appears. */
export const KDC_CHANNEL = 's4u:kdc'

/**
 * One exchange, with what Windows events 4768 and 4769 tell of one, as far as the asker knows it. A sign-in is one exchange, however
 * many messages it took. Holds no key, password or ticket.
 */
export interface KdcRecord {
  readonly kind: 'kdc'
  readonly exchange: KdcExchangeKind
  /** `refused`: the KDC said no. `failed`: there was no answer, or none to be believed. */
  readonly outcome: 'granted' | 'refused' | 'failed'
  /** Who asked: `svc-web`. */
  readonly accountName: string
  readonly accountDomain: string
  /** In whose name, where that is somebody else. */
  readonly userName?: string
  readonly userDomain?: string
  readonly serviceName: string
  readonly serviceRealm: string
  /** KDC options: `0x40810000`. */
  readonly ticketOptions: string
  /** Of the ticket: `0x12`. Absent when there is none. */
  readonly ticketEncryptionType?: string
  /** `aes256-cts-hmac-sha1-96` */
  readonly ticketEncryptionTypeName?: string
  readonly sessionEncryptionType?: string
  /** The ticket's flags: `0x40A10000`. */
  readonly ticketFlags?: string
  /** The KDC's answer: `0xD`; `0x0` for a ticket. Absent when there was no answer. */
  readonly failureCode?: string
  /** `KDC_ERR_BADOPTION`, or the code of what went wrong here. */
  readonly failureName?: string
  /** `STATUS_ACCOUNT_RESTRICTION`, where a Windows KDC said it. */
  readonly ntStatus?: string
  readonly reason?: string
  /** Milliseconds. */
  readonly duration: number
}

export type KdcExchangeKind = 'AS' | 'TGS' | 'S4U2Self' | 'S4U2Proxy' | 'user-to-user' | 'renewal' | 'realm-of-user'

/** What an exchange is about. */
export interface ExchangeSubject {
  readonly exchange: KdcExchangeKind
  readonly asker: Principal
  readonly user?: Principal
  readonly service: Principal
  readonly options: KerberosFlags
}

/** What came of it, of a result that is no exception. */
export interface ExchangeResult {
  readonly ticket?: ServiceTicket
  readonly refused?: KrbError
}

/** The exchanges that ended while somebody waited for a ticket. */
export interface ExchangeTally {
  exchanges: number
}

const diagnostics = channel(KDC_CHANNEL)
const tallies = new AsyncLocalStorage<ExchangeTally>()

/** Runs `callback` and counts the exchanges that end in it: none means that the ticket came from a cache, or from another's exchange. */
export function tallyExchanges<T>(callback: (tally: ExchangeTally) => T): T {
  const tally = { exchanges: 0 }
  return tallies.run(tally, () => callback(tally))
}

/** Runs one exchange and publishes its record, if anybody listens. */
export async function audited<T>(
  subject: () => ExchangeSubject,
  run: () => Promise<T>,
  resultOf: (result: T) => ExchangeResult,
): Promise<T> {
  const begun = diagnostics.hasSubscribers ? performance.now() : undefined
  try {
    const result = await run()
    if (begun !== undefined) publish(subject(), outcomeOf(resultOf(result)), begun)
    return result
  } catch (error) {
    if (begun !== undefined) publish(subject(), outcomeOfError(error), begun)
    throw error
  } finally {
    const tally = tallies.getStore()
    if (tally) tally.exchanges++
  }
}

type Outcome = Omit<KdcRecord, keyof ReturnType<typeof aboutSubject> | 'kind' | 'duration'>

function publish(subject: ExchangeSubject, outcome: Outcome, begun: number): void {
  const duration = performance.now() - begun
  const record: KdcRecord = { kind: 'kdc', ...aboutSubject(subject), ...outcome, duration }
  diagnostics.publish(Object.freeze(record))
}

function aboutSubject({ exchange, asker, user, service, options }: ExchangeSubject) {
  return {
    exchange,
    accountName: formatName(asker.name),
    accountDomain: asker.realm,
    ...(user && { userName: formatName(user.name), userDomain: user.realm }),
    serviceName: formatName(service.name),
    serviceRealm: service.realm,
    ticketOptions: hexOfFlags(options),
  }
}

function outcomeOf({ ticket, refused }: ExchangeResult): Outcome {
  if (refused) return refusedWith(refused)
  if (ticket === undefined) return { outcome: 'granted', failureCode: hex(0) }
  return { outcome: 'granted', ...aboutTicket(ticket), failureCode: hex(0) }
}

/** What events tell of a ticket. */
export function aboutTicket({ ticket, sessionKey, flags }: ServiceTicket) {
  const { etype } = ticket.encPart
  return {
    ticketEncryptionType: hex(etype),
    ticketEncryptionTypeName: encryptionTypeName(etype),
    sessionEncryptionType: hex(sessionKey.etype),
    ticketFlags: hexOfFlags(flags),
  }
}

function refusedWith(error: KrbError): Outcome {
  const status = findNtStatus(error)
  return {
    outcome: 'refused',
    failureCode: hex(error.errorCode),
    failureName: krbErrorName(error.errorCode),
    ...(status !== undefined && { ntStatus: ntStatusName(status) }),
    ...(error.eText !== undefined && { reason: error.eText }),
  }
}

function outcomeOfError(error: unknown): Outcome {
  return { outcome: error instanceof KdcError ? 'refused' : 'failed', ...aboutFailure(error) }
}

/** What events tell of an error: its code as the protocol writes it, and why. */
export function aboutFailure(error: unknown): Pick<KdcRecord, 'failureCode' | 'failureName' | 'ntStatus' | 'reason'> {
  if (!(error instanceof S4uError)) return { failureName: error instanceof Error ? error.name : 'Error' }
  const answer = error instanceof KdcError || error instanceof DelegationRefusedError ? error.answer : undefined
  return {
    ...(answer && { failureCode: hex(answer.errorCode) }),
    failureName: error.code,
    ...(answer?.ntStatus !== undefined && { ntStatus: answer.ntStatus }),
    reason: error.message,
  }
}

/** As Windows prints numbers in events: `0x12`. */
function hex(value: number): string {
  return `0x${value.toString(16).toUpperCase()}`
}

function hexOfFlags(flags: KerberosFlags): string {
  return `0x${Array.from(flags, (octet) => octet.toString(16).padStart(2, '0').toUpperCase()).join('')}`
}
