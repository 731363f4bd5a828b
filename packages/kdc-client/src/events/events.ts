/** What a client tells about its exchanges. The only file of this package that knows `node:diagnostics_channel`. */

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
import { traceBegin, traceFailure, traceTicket } from './trace-lines.js'

export type { CacheMiss, KdcEvent, KdcEventSubject } from './kdc-event.js'

/** The name of the diagnostics channel on which every exchange with a KDC appears. */
export const KDC_CHANNEL = 's4u:kdc'

/** The exchanges that ended while somebody waited for a ticket. */
export interface ExchangeTally {
  exchanges: number
  /** KDC options of the one that ended last, `0x40810000`. */
  ticketOptions?: string
}

/** What whoever asks for a ticket in a user's name knows of the user, for the events. */
export type Occasion = Pick<KdcEvent, 'clientAddress' | 'transitedServices' | 'userSid' | 'accountSid'>

const diagnostics = channel(KDC_CHANNEL)

// Nothing runs in these unless somebody listens: from the first time on, every promise of the process would cost more.
const tallies = new AsyncLocalStorage<{ readonly tally: ExchangeTally; readonly occasion: Occasion }>()
const requests = new AsyncLocalStorage<{ options?: KerberosFlags }>()

/** Runs `callback` and counts the exchanges that end in it. None: the ticket came from a cache, or of an exchange begun for another. */
export function tallyExchanges<T>(callback: (tally: ExchangeTally) => T, occasion: Occasion = {}): T {
  const tally: ExchangeTally = { exchanges: 0 }
  return tallies.run({ tally, occasion }, () => callback(tally))
}

/** What a request asks for, for the event of the exchange it belongs to. */
export function noteOptions(options: KerberosFlags): void {
  const request = requests.getStore()
  if (request) request.options = options
}

/** Something that belongs to no exchange: to the channel, and as a line to who reads along. */
export function tellNotice(notice: Notice, journal: Journal = journalFor()): void {
  const { level, code, message, hint } = notice
  const make = () => ({ level, text: `${code}: ${message}`, hint })
  if (level === 'info') journal.note(make)
  else journal.warn(code, make)
  if (diagnostics.hasSubscribers) diagnostics.publish(Object.freeze({ ...notice }))
}

/**
 * Runs an exchange and tells how it went. What is wrong with an answer is the KDC's fault, whoever
 * sent the request behind it.
 */
export async function tell<T extends ServiceTicket>(
  subject: KdcEventSubject,
  exchange: () => Promise<T>,
  journal: Journal = journalFor(),
): Promise<T> {
  traceBegin(subject)
  try {
    const ticket = await told(subject, exchange, journal)
    traceTicket(subject, ticket)
    return ticket
  } catch (error) {
    traceFailure(subject, error)
    writeFailure(subject, error, journal)
    if (error instanceof MalformedTokenError || error instanceof RejectedTokenError) error.status = 502
    throw error
  }
}

/** Who waited is told by the error. For a ticket that is renewed before it ends nobody waits. */
function writeFailure(subject: KdcEventSubject, error: unknown, journal: Journal): void {
  const make = () => failed(subject, error)
  if (subject.cache === 'miss') return journal.note(make)
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'failed'
  journal.warn(`refresh ${code}`, make)
}

async function told<T extends ServiceTicket>(
  subject: KdcEventSubject,
  exchange: () => Promise<T>,
  journal: Journal,
): Promise<T> {
  const watched = tallies.getStore()
  if (watched === undefined && !diagnostics.hasSubscribers && !journal.isRead) return exchange()
  const request: { options?: KerberosFlags } = {}
  const began = performance.now()
  const publish = (rest: Rest): void => {
    const ticketOptions = request.options && hexOfFlags(request.options)
    if (watched) {
      watched.tally.exchanges++
      watched.tally.ticketOptions = ticketOptions ?? watched.tally.ticketOptions
    }
    if (!diagnostics.hasSubscribers && !journal.isRead) return
    const facts = { ...about(subject, watched?.occasion), ticketOptions, ...rest, duration: performance.now() - began }
    const event = Object.freeze({ kind: 'exchange', ...facts } satisfies KdcEvent)
    if (event.outcome === 'issued') journal.note(() => issued(event))
    if (diagnostics.hasSubscribers) diagnostics.publish(event)
  }
  try {
    const ticket = await requests.run(request, exchange)
    publish({ outcome: 'issued', ...describe(ticket), ...inNameOf(subject, ticket, watched?.occasion) })
    return ticket
  } catch (error) {
    publish({ outcome: 'failed', ...whyFailed(error) })
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

/** The user as the ticket names him, who may have been named otherwise or by a certificate; and with S4U2Proxy one more service acts for him. */
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

/** What somebody typed into a form, or an address has in it, is not to act in a log. */
function inWindowsTerms(named: Pick<KdcEventSubject, 'account' | 'target' | 'user'>) {
  const [account, target] = [printableName(named.account), printableName(named.target)]
  const user = named.user === undefined ? undefined : printableName(named.user)
  const [accountName, accountDomain] = split(account)
  const [userName, userDomain] = user === undefined ? [] : split(user)
  return { account, target, user, accountName, accountDomain, userName, userDomain, serviceName: split(target)[0] }
}

/** A name and its realm, behind the last `@`. */
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

/** Numbers as Windows prints them in events. */
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
