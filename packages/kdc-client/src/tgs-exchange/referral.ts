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
 * The most realms on the way to a service. Forests with more than three hops are rare; loops are
 * not.
 */
const MAX_REFERRALS = 8

/** The realms that a request has passed. Their number is limited, and none may come twice. */
export class Itinerary {
  readonly #visited: string[]
  readonly #target: string

  constructor(target: string, start: string) {
    this.#target = target
    this.#visited = [start]
  }

  /**
   * @throws RejectedTokenError KRB_AP_PATH_NOT_ACCEPTED for a realm that comes a second time, and
   * for one realm too many
   */
  enter(realm: string): void {
    const circle = this.#visited.some((visited) => sameRealmIgnoringCase(visited, realm))
    const path = [...this.#visited, realm].join(', ')
    if (circle || this.#visited.length >= MAX_REFERRALS) {
      throw new RejectedTokenError(
        `TGS: the KDCs refer ${this.#target} ${circle ? 'in a circle' : 'on and on'}: ${path}`,
        {
          code: 'KRB_AP_PATH_NOT_ACCEPTED',
          hint: 'Check the trusts and the [domain_realm] or name suffix routing of these realms.',
        },
      )
    }
    this.#visited.push(realm)
  }
}

/**
 * The configured way between two realms, for KDCs that give no referral: the realms between them,
 * nearest first.
 */
export type Capaths = (from: string, to: string) => readonly string[] | undefined

/**
 * Returns a ticket-granting ticket for another realm. Asks the client's KDC for that realm, and
 * follows its referrals. If the KDC does not know the way, follows the configured one realm by
 * realm. Source: RFC 4120 section 3.3.1, RFC 6806 section 8.
 */
export async function requestForeignTgt(
  context: KdcContext,
  start: ServiceTicket,
  realm: string,
  capaths: Capaths,
): Promise<TicketOutcome> {
  const direct = await followThrough(context, start, [realm])
  if ('ticket' in direct || direct.refused.errorCode !== KRB_ERROR_CODES.KDC_ERR_S_PRINCIPAL_UNKNOWN) return direct
  const between = capaths(start.client.realm, realm) ?? []
  return between.length === 0 ? direct : followThrough(context, start, [...between, realm])
}

async function followThrough(
  context: KdcContext,
  start: ServiceTicket,
  stations: readonly string[],
): Promise<TicketOutcome> {
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
   * For a way that begins in a realm which an untrusted party has named: resolves to whether the
   * KDC of a realm may be asked, also the first one. Default: all may be asked.
   */
  readonly mayEnter?: (realm: string) => Promise<boolean>
}

/**
 * Returns a ticket for a service, from the KDC that the ticket-granting ticket is for or from one
 * that it refers to.
 *
 * @throws RejectedTokenError KRB_AP_PATH_NOT_ACCEPTED for a realm that may not be asked, a loop, or
 * a way that is too long
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
    if ('refused' in outcome || !isForAnotherKdc(outcome.ticket, service.name)) return outcome
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

/** Returns whether the ticket is for the KDC of another realm, not for the service. */
export function isForAnotherKdc({ service }: ServiceTicket, asked: PrincipalName): boolean {
  return isReferral(service.name) && !sameName(service.name, asked)
}
