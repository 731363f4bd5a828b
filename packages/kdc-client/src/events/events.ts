/**
 * Publishes what a client does. No other file of this package imports `node:diagnostics_channel`.
 */

import {
  encryptionTypeName,
  formatName,
  formatPrincipal,
  type Journal,
  journalFor,
  type KerberosFlags,
  MalformedTokenError,
  type Notice,
  printableName,
  RejectedTokenError,
} from '@s4u/krb5'
import { AsyncLocalStorage } from 'node:async_hooks'
import { channel } from 'node:diagnostics_channel'
import { failed, issued } from './exchange-lines.js'
import type { KdcEvent, KdcEventSubject } from './kdc-event.js'
import { isForwardable, type ServiceTicket } from '../tickets/service-ticket.js'
import { type ToldSubject, withheld, withheldAfter } from './withheld-name.js'
import { traceBegin, traceFailure, traceTicket } from './trace-lines.js'

export type { CacheMiss, KdcEvent, KdcEventSubject } from './kdc-event.js'

/** The name of the diagnostics channel on which each exchange with a KDC is published. */
export const KDC_CHANNEL = 's4u:kdc'

/** The exchanges that ended while a caller waited for a ticket. */
export interface ExchangeTally {
  exchanges: number
  /** The KDC options of the last exchange, `0x40810000`. */
  ticketOptions?: string
}

/**
 * What the caller knows about the user for whom it requests a ticket. It becomes part of the
 * events.
 */
export type Occasion = Pick<KdcEvent, 'clientAddress' | 'transitedServices' | 'userSid' | 'accountSid'>

const diagnostics = channel(KDC_CHANNEL)

// Nothing runs in these unless there is a subscriber: an AsyncLocalStorage in use makes each
// promise of the process slower.
const tallies = new AsyncLocalStorage<{ readonly tally: ExchangeTally; readonly occasion: Occasion }>()
const requests = new AsyncLocalStorage<{ options?: KerberosFlags }>()

/**
 * Runs `callback` and counts the exchanges that end in it. The count is 0 if the ticket came from a
 * cache, or from an exchange that another caller began.
 *
 * @example
 * ```ts
 * import { createKdcClient, tallyExchanges } from '@s4u/kdc-client'
 *
 * const client = createKdcClient({ credentials: { ccache: true } })
 * await tallyExchanges(async (tally) => {
 *   await client.ticketFor('HTTP/api.ad.test')
 *   console.log(tally.exchanges, tally.ticketOptions)
 * })
 * ```
 */
export function tallyExchanges<T>(callback: (tally: ExchangeTally) => T, occasion: Occasion = {}): T {
  const tally: ExchangeTally = { exchanges: 0 }
  return tallies.run({ tally, occasion }, () => callback(tally))
}

/** Notes the options of a request, for the event of its exchange. */
export function noteOptions(options: KerberosFlags): void {
  const request = requests.getStore()
  if (request) request.options = options
}

/**
 * Publishes a notice that belongs to no exchange, on the diagnostics channel and in the journal.
 *
 * @example
 * ```ts
 * import { tellNotice } from '@s4u/kdc-client'
 *
 * const message = 'the keytab is readable by all users'
 * tellNotice({ kind: 'notice', level: 'warn', code: 'MY_NOTICE', message })
 * ```
 */
export function tellNotice(notice: Notice, journal: Journal = journalFor()): void {
  const { level, code, message, hint } = notice
  const make = () => ({ level, text: `${code}: ${message}`, hint })
  if (level === 'info') journal.note(make)
  else journal.warn(code, make)
  if (diagnostics.hasSubscribers) diagnostics.publish(Object.freeze({ ...notice }))
}

/**
 * Runs an exchange, and publishes how it went. A wrong reply is the fault of the KDC, whatever
 * request led to it, so its error gets the status 502.
 */
export async function tell<T extends ServiceTicket>(
  subject: ToldSubject,
  exchange: () => Promise<T>,
  journal: Journal = journalFor(),
): Promise<T> {
  traceBegin(withheld(subject))
  try {
    const ticket = await told(subject, exchange, journal)
    traceTicket(subject, ticket)
    return ticket
  } catch (error) {
    const shown = withheldAfter(subject, error)
    traceFailure(shown, error)
    writeFailure(shown, error, journal)
    if (error instanceof MalformedTokenError || error instanceof RejectedTokenError) error.status = 502
    throw error
  }
}

/**
 * Writes a failure into the journal. A caller who waited gets the error itself; a refresh in the
 * background has no caller, so its failure is a warning.
 */
function writeFailure(subject: ToldSubject, error: unknown, journal: Journal): void {
  const make = () => failed(subject, error)
  if (subject.cache === 'miss') return journal.note(make)
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'failed'
  journal.warn(`refresh ${code}`, make)
}

async function told<T extends ServiceTicket>(
  subject: ToldSubject,
  exchange: () => Promise<T>,
  journal: Journal,
): Promise<T> {
  const watched = tallies.getStore()
  if (watched === undefined && !diagnostics.hasSubscribers && !journal.isRead) return exchange()
  const request: { options?: KerberosFlags } = {}
  const began = performance.now()
  const publish = (rest: Rest, shown: KdcEventSubject = subject): void => {
    const ticketOptions = request.options && hexOfFlags(request.options)
    if (watched) {
      watched.tally.exchanges++
      watched.tally.ticketOptions = ticketOptions ?? watched.tally.ticketOptions
    }
    if (!diagnostics.hasSubscribers && !journal.isRead) return
    const facts = { ...about(shown, watched?.occasion), ticketOptions, ...rest, duration: performance.now() - began }
    const event = Object.freeze({ kind: 'exchange', ...facts } satisfies KdcEvent)
    if (event.outcome === 'issued') journal.note(() => issued(event))
    if (diagnostics.hasSubscribers) diagnostics.publish(event)
  }
  try {
    const ticket = await requests.run(request, exchange)
    publish({ outcome: 'issued', ...describe(ticket), ...inNameOf(subject, ticket, watched?.occasion) })
    return ticket
  } catch (error) {
    publish({ outcome: 'failed', ...whyFailed(error) }, withheldAfter(subject, error))
    throw error
  }
}

type Rest = Partial<KdcEvent> & Pick<KdcEvent, 'outcome'>

function about(subject: KdcEventSubject, occasion: Occasion = {}) {
  const { clientAddress, transitedServices = [] } = occasion
  const { step, account, target, user, cache } = subject
  const ofUser = user === undefined ? {} : { clientAddress, transitedServices, ...sidsOf(occasion) }
  return { step, ...inWindowsTerms({ account, target, user }), ...ofUser, cache }
}

function sidsOf({ userSid, accountSid }: Occasion) {
  return { ...(userSid !== undefined && { userSid }), ...(accountSid !== undefined && { accountSid }) }
}

/**
 * Returns the user as the ticket names the user: the request may have used another name, or a
 * certificate. With S4U2Proxy one more service acts for the user.
 */
function inNameOf(
  { step, account, user }: KdcEventSubject,
  { client }: ServiceTicket,
  { transitedServices = [] }: Occasion = {},
) {
  if (user === undefined) return {}
  const userDomain = printableName(client.realm)
  const named = { user: formatPrincipal(client), userName: formatName(client.name), userDomain }
  if (step !== 'S4U2Proxy') return named
  return { ...named, transitedServices: Object.freeze([...transitedServices, account]) }
}

/** Makes names printable: a name from a form, or an address, must not have an effect in a log. */
function inWindowsTerms(named: Pick<KdcEventSubject, 'account' | 'target' | 'user'>) {
  const [account, target] = [printableName(named.account), printableName(named.target)]
  const user = named.user === undefined ? undefined : printableName(named.user)
  const [accountName, accountDomain] = split(account)
  const [userName, userDomain] = user === undefined ? [] : split(user)
  return { account, target, user, accountName, accountDomain, userName, userDomain, serviceName: split(target)[0] }
}

/** Splits a principal at its last `@` into name and realm. */
function split(principal: string): [string, string] {
  const at = principal.lastIndexOf('@')
  return at < 0 ? [principal, ''] : [principal.slice(0, at), principal.slice(at + 1)]
}

function describe(ticket: ServiceTicket) {
  return {
    encryptionType: encryptionTypeName(ticket.ticket.encPart.etype),
    sessionEncryptionType: encryptionTypeName(ticket.sessionKey.etype),
    forwardable: isForwardable(ticket),
    expiresAt: ticket.expiresAt,
    serviceName: formatName(ticket.service.name),
    serviceRealm: printableName(ticket.service.realm),
    ticketFlags: hexOfFlags(ticket.flags),
    ticketEncryptionType: hex(ticket.ticket.encPart.etype),
    failureCode: hex(0),
  }
}

/** Returns a number as Windows prints it in events. */
function hex(value: number): string {
  return `0x${value.toString(16).toUpperCase()}`
}

function hexOfFlags(flags: KerberosFlags): string {
  return `0x${Buffer.from(flags).toString('hex').toUpperCase()}`
}

function whyFailed(error: unknown) {
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
  if (!(error instanceof Error)) return {}
  const answer = 'answer' in error && typeof error.answer === 'object' ? error.answer : null
  return {
    code: ('code' in error ? text(error.code) : undefined) ?? error.name,
    reason: 'reason' in error ? text(error.reason) : undefined,
    ntStatus: answer !== null && 'ntStatus' in answer ? text(answer.ntStatus) : undefined,
    failureCode:
      answer && 'errorCode' in answer && typeof answer.errorCode === 'number' ? hex(answer.errorCode) : undefined,
  }
}
