/** What a client tells about its exchanges. The only file of this package that knows `node:diagnostics_channel`. */

import {
  encryptionTypeName,
  formatName,
  formatPrincipal,
  type KerberosFlags,
  MalformedTokenError,
  printableName,
  RejectedTokenError,
} from '@s4u/krb5'
import { AsyncLocalStorage } from 'node:async_hooks'
import { channel } from 'node:diagnostics_channel'
import type { ExchangeStep } from './errors.js'
import { isForwardable, type ServiceTicket } from './service-ticket.js'

/** The name of the diagnostics channel on which every exchange with a KDC appears. */
export const KDC_CHANNEL = 's4u:kdc'

/** One sign-in, or one request for a ticket with all its referrals and tries. What the cache answers is none. Holds no ticket or key. */
export interface KdcEvent {
  readonly kind: 'exchange'
  readonly step: ExchangeStep
  readonly outcome: 'issued' | 'failed'
  /** `svc-web@AD.TEST` */
  readonly account: string
  /** `HTTP/api.ad.test`; at sign-in `krbtgt`. */
  readonly target: string
  /** On whose behalf, in a delegation step. */
  readonly user?: string
  /** Why it failed: `KDC_ERR_BADOPTION`, `AbortError` when nobody waited any more; for a delegation also the reason and the NTSTATUS. */
  readonly code?: string
  readonly reason?: string
  readonly ntStatus?: string
  /** The ticket's, when there is one. */
  readonly encryptionType?: string
  readonly sessionEncryptionType?: string
  readonly forwardable?: boolean
  /** Milliseconds since the epoch. */
  readonly expiresAt?: number
  /** Milliseconds. */
  readonly duration: number
  /** As Windows events 4768 and 4769 have them: the account `svc-web`, its domain, and those of the user if there is one. */
  readonly accountName: string
  readonly accountDomain: string
  readonly userName?: string
  readonly userDomain?: string
  readonly serviceName: string
  /** Known when there is a ticket. */
  readonly serviceRealm?: string
  /** KDC options of the last request, `0x40810000`. */
  readonly ticketOptions?: string
  /** The ticket's flags, `0x40A10000`. */
  readonly ticketFlags?: string
  /** `0x12`; its name is `encryptionType`. */
  readonly ticketEncryptionType?: string
  /** The KDC's answer: `0xD`, whose name is `code`; `0x0` for a ticket. Absent when it gave none. */
  readonly failureCode?: string
  /** Of the user on whose behalf it was, where whoever asked told it: a KDC's own log has the address of this service. */
  readonly clientAddress?: string
  /** The services that act for the user by this ticket, nearest last, as far as whoever asked told: this one by its account. In a delegation step. */
  readonly transitedServices?: readonly string[]
  /** Why the cache did not answer: there was no ticket, or one that was about to end. */
  readonly cache: CacheMiss
}

/** What was in the cache when a KDC was asked: nothing that could be used, or a ticket near its end. */
export type CacheMiss = 'miss' | 'refresh'

/** The exchanges that ended while somebody waited for a ticket. */
export interface ExchangeTally {
  exchanges: number
  /** KDC options of the one that ended last, `0x40810000`. */
  ticketOptions?: string
}

/** What whoever asks for a ticket in a user's name knows of the user, for the events. */
export type Occasion = Pick<KdcEvent, 'clientAddress' | 'transitedServices'>

export type KdcEventSubject = Pick<KdcEvent, 'step' | 'account' | 'target' | 'user' | 'cache'>

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

/**
 * Runs an exchange and tells how it went. What is wrong with an answer is the KDC's fault, whoever
 * sent the request behind it.
 */
export async function tell<T extends ServiceTicket>(subject: KdcEventSubject, exchange: () => Promise<T>): Promise<T> {
  try {
    return await told(subject, exchange)
  } catch (error) {
    if (error instanceof MalformedTokenError || error instanceof RejectedTokenError) error.status = 502
    throw error
  }
}

async function told<T extends ServiceTicket>(subject: KdcEventSubject, exchange: () => Promise<T>): Promise<T> {
  const watched = tallies.getStore()
  if (watched === undefined && !diagnostics.hasSubscribers) return exchange()
  const request: { options?: KerberosFlags } = {}
  const began = performance.now()
  const publish = (rest: Rest): void => {
    const ticketOptions = request.options && hexOfFlags(request.options)
    if (watched) {
      watched.tally.exchanges++
      watched.tally.ticketOptions = ticketOptions ?? watched.tally.ticketOptions
    }
    if (!diagnostics.hasSubscribers) return
    const facts = { ...about(subject, watched?.occasion), ticketOptions, ...rest, duration: performance.now() - began }
    diagnostics.publish(Object.freeze({ kind: 'exchange', ...facts } satisfies KdcEvent))
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

function about(subject: KdcEventSubject, { clientAddress, transitedServices = [] }: Occasion = {}) {
  const { step, account, target, user, cache } = subject
  const ofUser = user === undefined ? {} : { clientAddress, transitedServices }
  return { step, ...inWindowsTerms({ account, target, user }), ...ofUser, cache }
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
