import {
  formatName,
  KRB_ERROR_CODES,
  type Principal,
  type PrincipalName,
  RejectedTokenError,
  sameName,
  sameRealmIgnoringCase,
} from '@s4u/krb5'
import type { KdcContext } from '../exchange/kdc-context.js'
import { isReferral, realmAsked, ticketGrantingService } from '../tickets/granting-ticket.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'
import { requestTicket, type TgsOutcome, type TicketOutcome } from './tgs-exchange.js'

/**
 * Realms on the way to a service. Forests with more than three hops are hard to find; a loop is
 * easier.
 */
const MAX_REFERRALS = 8

/** The realms passed so far: an endless way ends here. */
export class Itinerary {
  private readonly visited: string[]
  private readonly target: string

  constructor(target: string, start: string) {
    this.target = target
    this.visited = [start]
  }

  /**
   * @throws RejectedTokenError KRB_AP_PATH_NOT_ACCEPTED for a realm that was passed already, and
   * for one too many
   */
  enter(realm: string): void {
    const circle = this.visited.some((visited) => sameRealmIgnoringCase(visited, realm))
    const path = [...this.visited, realm].join(', ')
    if (circle || this.visited.length >= MAX_REFERRALS) {
      throw new RejectedTokenError(
        `TGS: the KDCs refer ${this.target} ${circle ? 'in a circle' : 'on and on'}: ${path}`,
        {
          code: 'KRB_AP_PATH_NOT_ACCEPTED',
          hint: 'Check the trusts and the [domain_realm] or name suffix routing of these realms.',
        },
      )
    }
    this.visited.push(realm)
  }
}

/** How clients find the way when KDCs do not tell it: the realms between, nearest first. */
export type Capaths = (from: string, to: string) => readonly string[] | undefined

/**
 * A ticket-granting ticket for another realm. The own KDC is asked for the realm itself, and its
 * referrals are followed; where it does not know the way, the configured one is taken realm by
 * realm. Source: RFC 4120 section 3.3.1, RFC 6806 section 8.
 */
export async function requestForeignTgt(
  context: KdcContext,
  start: ServiceTicket,
  realm: string,
  capaths: Capaths,
): Promise<TicketOutcome> {
  const direct = await walk(context, start, [realm])
  if ('ticket' in direct || direct.refused.errorCode !== KRB_ERROR_CODES.KDC_ERR_S_PRINCIPAL_UNKNOWN) return direct
  const between = capaths(start.client.realm, realm) ?? []
  return between.length === 0 ? direct : walk(context, start, [...between, realm])
}

async function walk(context: KdcContext, start: ServiceTicket, stations: readonly string[]): Promise<TicketOutcome> {
  const itinerary = new Itinerary(`krbtgt/${stations[stations.length - 1]}`, realmAsked(start))
  let tgt = start
  for (const station of stations) {
    while (!sameRealmIgnoringCase(realmAsked(tgt), station)) {
      const sname = ticketGrantingService(realmAsked(tgt), station).name
      const outcome = await requestTicket(context, { tgt, sname, expectedClient: tgt.client, mayRefer: true })
      if ('refused' in outcome) return outcome
      tgt = outcome.ticket
      itinerary.enter(realmAsked(tgt))
    }
  }
  return { ticket: tgt }
}

export interface ReferredRequest {
  readonly tgt: ServiceTicket
  readonly service: Principal
  readonly client: Principal
  /**
   * Whether the KDC of a realm may be asked, the first one included, where who names it is not to
   * be believed alone. Default: all may.
   */
  readonly mayEnter?: (realm: string) => Promise<boolean>
}

/**
 * A service's ticket from the KDC that the ticket-granting ticket is for, or from those it refers
 * to.
 * @throws RejectedTokenError KRB_AP_PATH_NOT_ACCEPTED for a realm that may not be entered, a
 * circle, and a way that is too long
 */
export async function requestTicketThroughReferrals(
  context: KdcContext,
  request: ReferredRequest,
): Promise<TgsOutcome> {
  const { service, client, mayEnter } = request
  let { tgt } = request
  const itinerary = new Itinerary(formatName(service.name), realmAsked(tgt))
  for (;;) {
    if (mayEnter && !(await mayEnter(realmAsked(tgt)))) throw noTrust(realmAsked(tgt), service)
    const outcome = await requestTicket(context, { tgt, sname: service.name, expectedClient: client, mayRefer: true })
    if ('refused' in outcome || !isElsewhere(outcome.ticket, service.name)) return outcome
    tgt = outcome.ticket
    itinerary.enter(realmAsked(tgt))
  }
}

function noTrust(realm: string, service: Principal): RejectedTokenError {
  return new RejectedTokenError(
    `TGS: ${formatName(service.name)} is to be asked for in ${realm}, to which no trust leads`,
    {
      code: 'KRB_AP_PATH_NOT_ACCEPTED',
      hint: `The own KDC gives no ticket for krbtgt/${realm}: check the trust, or who has sent the ticket-granting ticket.`,
    },
  )
}

/** The ticket is for another realm's KDC, not for the service. */
export function isElsewhere({ service }: ServiceTicket, asked: PrincipalName): boolean {
  return isReferral(service.name) && !sameName(service.name, asked)
}
