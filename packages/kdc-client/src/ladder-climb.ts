import { parsePrincipal, type Principal, RejectedTokenError, samePrincipal, type Ticket } from '@s4u/krb5'
import { DelegationRefusedError, KdcError } from './errors.js'
import type { Grounds, Rung } from './evidence-ladder.js'
import type { DelegatedTicket, KdcClient, TicketOptions } from './kdc-client.js'
import { evidenceFromS4u2self, type ServiceTicket } from './service-ticket.js'
import { nameOf } from './ticket-key.js'

/**
 * Goes the ways that can be gone, best first, until one leads to a ticket. A refusal that another
 * way cannot change ends it: which targets a service may reach is the same by all of them.
 *
 * @throws RejectedTokenError KRB_AP_ERR_BADMATCH when what is at hand is another user's,
 * SEC_E_NO_IMPERSONATION when there is no way
 */
export async function climb(
  client: KdcClient,
  grounds: Grounds,
  spn: string,
  options: TicketOptions,
  now: number,
): Promise<DelegatedTicket> {
  requireOneUser(grounds, client.realm)
  const { rungs } = client.how(grounds)
  const possible = rungs.filter((rung) => rung.possible)
  if (possible.length === 0) throw noWay(grounds, rungs)
  for (let index = 0; ; index++) {
    const { way } = possible[index]
    try {
      return { way, ticket: await take(client, way, grounds, spn, options, now) }
    } catch (error) {
      if (index === possible.length - 1 || !isWorthGoingOn(error)) throw error
    }
  }
}

function take(
  client: KdcClient,
  way: Rung['way'],
  grounds: Grounds,
  spn: string,
  options: TicketOptions,
  now: number,
): Promise<ServiceTicket> {
  const { forwardedTgt, evidence } = grounds
  if (way === 'forwarded-tgt' && forwardedTgt) return client.ticketWith(forwardedTgt, spn, options)
  if (way !== 's4u2self' && evidence) return client.s4u2proxy(evidence, spn, options)
  return takeByVouching(client, grounds, spn, options, now)
}

/**
 * With the ticket by which the service has vouched for the user, or vouches now. When the service's own key has changed since, KDCs
 * cannot open it any more: it vouches again, where it may.
 */
async function takeByVouching(
  client: KdcClient,
  { evidence, user, certificate, protocolTransition = false }: Grounds,
  spn: string,
  options: TicketOptions,
  now: number,
): Promise<ServiceTicket> {
  const subject = certificate ? { certificate } : user
  // A target's key has changed when `fresh` is asked for; that says nothing of the ticket to this service.
  const { signal } = options
  const vouch = async (fresh: boolean) => {
    const proof = evidenceFromS4u2self(await client.s4u2self(subject, { signal, fresh }))
    if (certificate) requireUser('the certificate', proof.client, user, client.realm)
    return proof
  }
  const vouched = evidence?.origin === 's4u2self' && evidence.expiresAt > now ? evidence : undefined
  const ways = [...(vouched ? [async () => vouched] : []), () => vouch(false), () => vouch(true)]
  const ofNoUse = new Set<Ticket>()
  let refused: unknown
  for (const evidenceFor of ways) {
    const proof = await evidenceFor()
    if (ofNoUse.has(proof.ticket)) continue
    try {
      return await client.s4u2proxy(proof, spn, options)
    } catch (error) {
      if (!protocolTransition || !isUnusable(error)) throw error
      ofNoUse.add(proof.ticket)
      refused = error
    }
  }
  throw refused
}

/**
 * Acting as one user with what another one has left would be the worst of all mistakes, whoever
 * makes it.
 */
function requireOneUser({ user, evidence, forwardedTgt }: Grounds, realm: string): void {
  if (evidence) requireUser('the evidence', evidence.client, user, realm)
  if (forwardedTgt) requireUser('the ticket-granting ticket', forwardedTgt.client, user, realm)
}

function requireUser(what: string, owner: Principal, user: string, realm: string): void {
  const name = nameOf(owner)
  if (name === user || samePrincipal(owner, parsePrincipal(user, { realm }))) return
  throw new RejectedTokenError(`${what} is that of ${name}, and not of ${user}`, {
    code: 'KRB_AP_ERR_BADMATCH',
    status: 500,
    hint: 'Give what belongs to the user that `user` names: alice@AD.TEST.',
  })
}

function isUnusable(error: unknown): boolean {
  return error instanceof DelegationRefusedError && error.reason === 'evidence-unusable'
}

function isWorthGoingOn(error: unknown): boolean {
  if (error instanceof DelegationRefusedError) return ABOUT_THE_EVIDENCE.has(error.reason)
  return error instanceof KdcError && error.code !== 'KDC_ERR_S_PRINCIPAL_UNKNOWN'
}

const ABOUT_THE_EVIDENCE: ReadonlySet<string> = new Set(['evidence-not-forwardable', 'evidence-unusable', 'no-pac'])

function noWay({ user }: Grounds, rungs: readonly Rung[]): RejectedTokenError {
  const because = rungs.map((rung) => `${rung.way}: ${rung.because}`).join('; ')
  return new RejectedTokenError(`there is no way to act as ${user}`, {
    code: 'SEC_E_NO_IMPERSONATION',
    status: 403,
    hint: because,
  })
}
