import { formatPrincipal, type Principal, samePrincipal } from '@s4u/krb5'
import { SealedTickets } from '../cache/sealed-tickets.js'
import { TicketCache } from '../cache/ticket-cache.js'
import type { Authority } from '../credentials/authority.js'
import type { KdcContext } from '../exchange/kdc-context.js'
import { signInArmorOf, ticketArmorOf } from '../fast/armor-use.js'
import { ExchangeRunner } from '../session/exchange-runner.js'
import { OwnTgt } from '../session/own-tgt.js'
import { TrustedRealms } from '../session/trusted-realms.js'
import { ServiceTargets } from '../tickets/service-target.js'
import { isForwardable, type ServiceTicket } from '../tickets/service-ticket.js'
import type { ClientParts } from './client-parts.js'

/** What all requests of one client share. */
export interface ClientSession {
  readonly parts: ClientParts
  readonly context: KdcContext
  readonly authority: Authority
  readonly self: Principal
  /** `svc-web@AD.TEST` */
  readonly principal: string
  readonly ownTgt: OwnTgt
  /**
   * The tickets of the service. Those of users are in another cache, so that no wrong key can mix
   * them.
   */
  readonly own: TicketCache
  /** The tickets in the names of users. */
  readonly users: TicketCache
  readonly targets: ServiceTargets
  readonly exchanges: ExchangeRunner
  readonly trusted: TrustedRealms
}

export function openSession(parts: ClientParts): ClientSession {
  const { authority, conf } = parts
  const self = authority.principal
  const ticketArmor = ticketArmorOf(parts.armor, authority, () => parts.context.clock.now())
  const context: KdcContext = { ...parts.context, ...(ticketArmor && { ticketArmor }) }
  const onRestored = (): void => {
    own.clear()
    users.clear()
  }
  const ownTgt = new OwnTgt(context, authority, { onRestored, armor: signInArmorOf(parts.armor) })
  const { own, users } = cachesOf(parts, context, ownTgt)
  const exchanges = new ExchangeRunner(context, authority, ownTgt, own)
  const capaths = (from: string, to: string) => conf?.conf.capath(from, to)
  const trusted = new TrustedRealms({ self, etypes: context.etypes, ownTgt, exchanges, own, capaths })
  const targets = new ServiceTargets(self, conf)
  const principal = formatPrincipal(self)
  return { parts, context, authority, self, principal, ownTgt, own, users, targets, exchanges, trusted }
}

function cachesOf({ authority, cache }: ClientParts, context: KdcContext, ownTgt: OwnTgt) {
  const { refusedFor, maxBytes } = cache
  const common = { now: () => context.clock.now(), refusedFor, journal: context.journal }
  const shared = cache.shared && new SealedTickets(cache.shared, context.random)
  const mayShare = (): boolean => !ownTgt.isReduced
  const lacksMachine = (): boolean => context.ticketArmor?.lacksMachine ?? false
  // An S4U2Self ticket that is not forwardable will be, as soon as the directory permits it.
  const isProvisional = (ticket: ServiceTicket): boolean =>
    lacksMachine() || (!isForwardable(ticket) && samePrincipal(ticket.service, authority.principal))
  return {
    own: new TicketCache({ ...common, isProvisional: lacksMachine }),
    users: new TicketCache({ ...common, maxBytes, shared, mayShare, isProvisional }),
  }
}

/** Returns the part of a cache key that is the same for all requests of a kind. */
export function cacheKeyBase<Kind extends string>({ principal, context, parts }: ClientSession, kind: Kind) {
  // The machine in whose armor tickets are requested, if the app named it: its identity is in the
  // tickets. A client that only lends its tickets armors sign-ins, which leave no trace in tickets.
  const { lent } = parts.armor
  const armor = lent?.isNamed ? lent.source.account : undefined
  return { kind, client: principal, etypes: context.etypes, armor } as const
}
