import type { JournalEntry } from '@s4u/krb5'
/** Publishes what becomes of each ticket that is asked for in a user's name. */

import { channel } from 'node:diagnostics_channel'
import type { Identity } from '@s4u/acceptor'
import {
  DelegationRefusedError,
  type ExchangeTally,
  KDC_CHANNEL,
  type Journal,
  journalFor,
  KdcError,
  type Occasion,
  S4uError,
  type ServiceTicket,
  tallyExchanges,
  type DelegationMethod,
} from '@s4u/kdc-client'
import { encryptionTypeName, formatName, printableName } from '@s4u/krb5'
import type { ImpersonateEvent } from './impersonation-event.js'
import { issued, refused } from './impersonation-lines.js'

export type { ImpersonateEvent } from './impersonation-event.js'

/**
 * The name of the diagnostics channel that has one event for each ticket in a user's name, whether
 * or not a KDC had to be asked.
 */
export const IMPERSONATE_CHANNEL = 's4u:impersonate'

/**
 * For which user and which service a ticket is asked. `account`, and the user's full name, are
 * filled in as soon as they are known.
 */
export interface ImpersonateSubject {
  user: string
  readonly target: string
  readonly identity?: Identity
  account?: string
  userSid?: string
  accountSid?: string
  /** Where lines about it go. Default: that of the process. */
  readonly journal?: Journal
}

const diagnostics = channel(IMPERSONATE_CHANNEL)
const exchanges = channel(KDC_CHANNEL)
const addresses = new WeakMap<Identity, string>()

/**
 * Remembers the caller's address for later events. Keeps nothing while the channels have no
 * listener.
 */
export function rememberAddress(identity: Identity, clientAddress: string | undefined): void {
  if (clientAddress !== undefined && isHeard()) addresses.set(identity, clientAddress)
}

function isHeard(): boolean {
  return diagnostics.hasSubscribers || exchanges.hasSubscribers
}

/** Runs what gets a ticket, and publishes how it went. */
export function tellImpersonation<T extends { readonly ticket: ServiceTicket; readonly way?: DelegationMethod }>(
  subject: ImpersonateSubject,
  obtain: () => Promise<T>,
): Promise<T> {
  // Usually there is no listener, and then one more promise for each ticket would be the only
  // effect.
  const { journal = journalFor() } = subject
  if (!isHeard() && !journal.isRead) return obtain()
  const { clientAddress, transitedServices } = about(subject)
  const began = performance.now()
  return tallyExchanges(
    async (tally) => {
      const publish = (rest: Partial<ImpersonateEvent> & Pick<ImpersonateEvent, 'outcome'>): void => {
        const asked = { ...about(subject), ...sidsOf(subject), ...cacheState(subject, tally) }
        const duration = performance.now() - began
        const { ticketOptions } = tally
        const event: ImpersonateEvent = { kind: 'impersonate', ...asked, ticketOptions, ...rest, duration }
        if (event.outcome === 'issued') journal.note(() => issued(event))
        if (diagnostics.hasSubscribers) diagnostics.publish(Object.freeze(event))
      }
      try {
        const got = await obtain()
        publish({ outcome: 'issued', ...describe(got), ...transited(subject, got.way) })
        return got
      } catch (error) {
        publish({ outcome: 'failed', ...whyFailed(error) })
        throw error
      }
    },
    occasionOf(subject, { clientAddress, transitedServices }),
  )
}

/**
 * Writes a refusal to the log. The caller of the API gets the error too, but may hide it. So the
 * first refusal of each kind is always told. An error that may be gone at the next try is not told.
 */
export function writeRefusal(subject: ImpersonateSubject, error: unknown): void {
  const { journal = journalFor() } = subject
  const make = () => refused(subject, error)
  if (!S4uError.is(error) || error.status !== 403) return journal.note(make)
  const kind = `impersonate ${error instanceof DelegationRefusedError ? error.reason : error.code}`
  journal.warn(kind, () => (journal.isRead ? make() : withCommandsOnce(make(), error)))
}

/** The error itself shows its commands, in many lines, where the app prints it. */
function withCommandsOnce(entry: JournalEntry, error: unknown): JournalEntry {
  if (!(error instanceof DelegationRefusedError) || error.settings.length === 0) return entry
  return { ...entry, hint: 'The commands that permit it are in the hint of the error that the app was given.' }
}

/** What is known when an exchange ends, and need not have been when it began. */
function occasionOf(subject: ImpersonateSubject, known: Occasion): Occasion {
  return {
    ...known,
    get userSid() {
      return userSidOf(subject)
    },
    get accountSid() {
      return subject.accountSid
    },
  }
}

function userSidOf({ identity, userSid }: ImpersonateSubject): string | undefined {
  return userSid ?? identity?.sid
}

function sidsOf(subject: ImpersonateSubject) {
  const [userSid, { accountSid }] = [userSidOf(subject), subject]
  return { ...(userSid !== undefined && { userSid }), ...(accountSid !== undefined && { accountSid }) }
}

function cacheState({ account }: ImpersonateSubject, tally: ExchangeTally) {
  return account === undefined ? {} : ({ cache: tally.exchanges > 0 ? 'exchange' : 'hit' } as const)
}

function about({ identity, account, ...named }: ImpersonateSubject) {
  // A name from a form or an address could hold characters that act in a log.
  const [user, target] = [printableName(named.user), printableName(named.target)]
  const [userName, userDomain] = split(user)
  const [serviceName] = split(target)
  const { evidence, impersonationLevel } = identity ?? {}
  return {
    account,
    user,
    userName,
    userDomain,
    target,
    serviceName,
    evidence: evidence?.kind === 'ticket' ? evidence.origin : (evidence?.kind ?? ('none' as const)),
    impersonationLevel,
    clientAddress: identity && addresses.get(identity),
    transitedServices: identity?.delegatedBy ?? [],
  }
}

/**
 * Returns the services that the next service will see: those before, and this one. After protocol
 * transition this one is the first; a forwarded ticket shows none.
 */
function transited({ identity, account }: ImpersonateSubject, way: DelegationMethod | undefined) {
  if (account === undefined || way === undefined) return {}
  if (way === 'forwarded-tgt') return { transitedServices: [] }
  return { transitedServices: Object.freeze([...(identity?.delegatedBy ?? []), account]) }
}

function describe({
  ticket: { ticket, service },
  way,
}: {
  readonly ticket: ServiceTicket
  readonly way?: DelegationMethod
}) {
  const { etype } = ticket.encPart
  return {
    way,
    serviceName: formatName(service.name),
    serviceRealm: printableName(service.realm),
    ticketEncryptionType: hex(etype),
    encryptionType: encryptionTypeName(etype),
    failureCode: hex(0),
  }
}

function whyFailed(error: unknown) {
  if (!(error instanceof S4uError)) return { code: error instanceof Error ? error.name : 'Error' }
  const { code, message } = error
  if (!(error instanceof DelegationRefusedError || error instanceof KdcError)) return { code, reason: message }
  const { errorCode, ntStatus } = error.answer
  const reason = error instanceof DelegationRefusedError ? error.reason : message
  return { code, reason, failureCode: hex(errorCode), ntStatus }
}

function hex(value: number): string {
  return `0x${value.toString(16).toUpperCase()}`
}

/** A name and its realm, behind the last `@`. */
function split(principal: string): [string, string] {
  const at = principal.lastIndexOf('@')
  return at < 0 ? [principal, ''] : [principal.slice(0, at), principal.slice(at + 1)]
}
