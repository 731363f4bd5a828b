/** What is told of each ticket that is asked for in somebody's name. */

import { channel } from 'node:diagnostics_channel'
import type { Identity } from '@s4u/acceptor'
import {
  DelegationRefusedError,
  type ExchangeTally,
  KDC_CHANNEL,
  KdcError,
  S4uError,
  type ServiceTicket,
  tallyExchanges,
  type Way,
} from '@s4u/kdc-client'
import { encryptionTypeName, formatName, printableName } from '@s4u/krb5'

/** The name of the diagnostics channel on which every ticket in somebody's name appears, whether or not a KDC had to be asked. */
export const IMPERSONATE_CHANNEL = 's4u:impersonate'

/** One ticket asked for, with what Windows events 4769 and 4624 tell, as far as it is known. Holds no ticket or key. */
export interface ImpersonateEvent {
  readonly kind: 'impersonate'
  readonly outcome: 'issued' | 'failed'
  /** Who acts: `svc-web@AD.TEST`. Unknown when the app's own rules refused before it had to be. */
  readonly account?: string
  /** In whose name: `alice@AD.TEST`; for a protocol transition that failed as the app named the user, a certificate's owner `(certificate)`. */
  readonly user: string
  readonly userName: string
  readonly userDomain: string
  /** `HTTP/api.ad.test`, as asked for; empty for a ticket to the service itself (protocol transition). */
  readonly target: string
  readonly serviceName: string
  /** Known when there is a ticket. */
  readonly serviceRealm?: string
  /** How the user came to this service: with a ticket, or by the app's word. */
  readonly evidence: 'presented' | 's4u2self' | 'asserted' | 'none'
  /** By which way the ticket was got, when there is one. */
  readonly way?: Way
  readonly impersonationLevel?: string
  /** `exchange`: a KDC was asked for this one. `hit`: the ticket, or the refusal, was there or under way. Absent when nothing was asked for. */
  readonly cache?: 'hit' | 'exchange'
  /** KDC options of the last request to a KDC, `0x40810000`. Absent when none was asked. */
  readonly ticketOptions?: string
  /** `0x12`, and its name. */
  readonly ticketEncryptionType?: string
  readonly encryptionType?: string
  /** Of the user, where the request told it. */
  readonly clientAddress?: string
  /** The services that act for the user with this ticket, nearest last; this one by the account that asked. */
  readonly transitedServices: readonly string[]
  /** The KDC's answer, `0xD`; `0x0` for a ticket. */
  readonly failureCode?: string
  /** `KDC_ERR_BADOPTION` */
  readonly code?: string
  /** `target-not-allowed`, or what was wrong in a sentence. */
  readonly reason?: string
  readonly ntStatus?: string
  /** Milliseconds. */
  readonly duration: number
}

/** Of whom and for what a ticket is asked. `account`, and the user's full name, are told as soon as they are known. */
export interface ImpersonateSubject {
  user: string
  readonly target: string
  readonly identity?: Identity
  account?: string
}

const diagnostics = channel(IMPERSONATE_CHANNEL)
const exchanges = channel(KDC_CHANNEL)
const addresses = new WeakMap<Identity, string>()

/** Where the caller came from, for the events of what is done in its name. Nothing is kept when nobody listens. */
export function rememberAddress(identity: Identity, clientAddress: string | undefined): void {
  if (clientAddress !== undefined && isHeard()) addresses.set(identity, clientAddress)
}

function isHeard(): boolean {
  return diagnostics.hasSubscribers || exchanges.hasSubscribers
}

/** Runs what gets a ticket, and tells how it went. */
export function tellImpersonation<T extends { readonly ticket: ServiceTicket; readonly way?: Way }>(
  subject: ImpersonateSubject,
  obtain: () => Promise<T>,
): Promise<T> {
  // Most often nobody listens, and one more promise for each ticket would be all that this does.
  if (!isHeard()) return obtain()
  const { clientAddress, transitedServices } = about(subject)
  const began = performance.now()
  return tallyExchanges(
    async (tally) => {
      const publish = (rest: Partial<ImpersonateEvent> & Pick<ImpersonateEvent, 'outcome'>): void => {
        const asked = { ...about(subject), ...cacheState(subject, tally), ticketOptions: tally.ticketOptions }
        const duration = performance.now() - began
        const event: ImpersonateEvent = { kind: 'impersonate', ...asked, ...rest, duration }
        diagnostics.publish(Object.freeze(event))
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
    { clientAddress, transitedServices },
  )
}

function cacheState({ account }: ImpersonateSubject, tally: ExchangeTally) {
  return account === undefined ? {} : ({ cache: tally.exchanges > 0 ? 'exchange' : 'hit' } as const)
}

function about({ identity, account, ...named }: ImpersonateSubject) {
  // What somebody typed into a form, or an address has in it, is not to act in a log.
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

/** The next service sees who came before, and this one; by protocol transition this one is the first, and a forwarded ticket hides all. */
function transited({ identity, account }: ImpersonateSubject, way: Way | undefined) {
  if (account === undefined || way === undefined) return {}
  if (way === 'forwarded-tgt') return { transitedServices: [] }
  return { transitedServices: Object.freeze([...(identity?.delegatedBy ?? []), account]) }
}

function describe({ ticket: { ticket, service }, way }: { readonly ticket: ServiceTicket; readonly way?: Way }) {
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
