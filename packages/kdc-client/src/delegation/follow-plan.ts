import {
  type ForwardedTicket,
  parsePrincipal,
  type Principal,
  RejectedTokenError,
  samePrincipal,
  sameRealmIgnoringCase,
  type Ticket,
} from '@s4u/krb5'
import { DelegationRefusedError, KdcError } from '../errors/kdc-errors.js'
import type { DirectorySetting } from '../errors/directory-setting.js'
import { chooseEvidence, type Grounds, type Rung, type Way } from './delegation-plan.js'
import type { EvidenceSight } from './evidence-inspection.js'
import type { TicketOptions } from '../cache/ticket-options.js'
import { evidenceFromS4u2self, type EvidenceTicket, type ServiceTicket } from '../tickets/service-ticket.js'
import type { S4uSubject } from '../tickets/s4u-user.js'
import { nameOf } from '../tickets/principal-name.js'

/** A ticket, and the way by which it was got. */
export interface DelegatedTicket {
  readonly ticket: ServiceTicket
  readonly way: Way
}

/** The three requests that a plan is made of, as a `KdcClient` has them. */
export interface DelegatingClient {
  readonly realm: string
  ticketWith(tgt: ForwardedTicket, spn: string, options?: TicketOptions): Promise<ServiceTicket>
  s4u2self(user: S4uSubject, options?: TicketOptions): Promise<ServiceTicket>
  s4u2proxy(evidence: EvidenceTicket, spn: string, options?: TicketOptions): Promise<ServiceTicket>
}

export interface Surroundings {
  /** Milliseconds since the epoch. */
  readonly now: number
  /** What can be seen of evidence, once it was refused. */
  readonly sightOf: (evidence: EvidenceTicket) => Promise<EvidenceSight>
}

/**
 * Goes the ways that can be gone, best first, until one leads to a ticket. A refusal that another
 * way cannot change ends it: which targets a service may reach is the same by all of them. What the
 * ways before said is told with the last refusal.
 *
 * @throws RejectedTokenError KRB_AP_ERR_BADMATCH when what is at hand is another user's,
 * SEC_E_NO_IMPERSONATION when there is no way
 */
export async function climb(
  client: DelegatingClient,
  grounds: Grounds,
  spn: string,
  options: TicketOptions,
  { now, sightOf }: Surroundings,
): Promise<DelegatedTicket> {
  requireOneUser(grounds, client.realm)
  const { rungs } = chooseEvidence(grounds, now)
  const possible = rungs.filter((rung) => rung.possible).map(({ way }) => way)
  if (possible.length === 0) throw noWay(grounds, rungs)
  const refusals: unknown[] = []
  for (const [index, way] of possible.entries()) {
    try {
      return { way, ticket: await take(client, way, grounds, spn, options, now) }
    } catch (error) {
      refusals.push(error)
      const next = possible[index + 1]
      if (next === undefined || !(await leadsOn(error, next, grounds, sightOf))) break
    }
  }
  throw allRefused(refusals)
}

function take(
  client: DelegatingClient,
  way: Way,
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
 * With the ticket by which the service has vouched for the user, or vouches now. It vouches again, where it may, when KDCs cannot open
 * that ticket any more, since the service's own key has changed, and when it cannot be forwarded: the directory may permit it by now. The
 * cache bounds how often, by user.
 */
async function takeByVouching(
  client: DelegatingClient,
  grounds: Grounds,
  spn: string,
  options: TicketOptions,
  now: number,
): Promise<ServiceTicket> {
  const { evidence, user, certificate, protocolTransition = false } = grounds
  const subject = certificate ? { certificate } : user
  // A target's key has changed when `fresh` is asked for; that says nothing of the ticket to this service.
  const { signal } = options
  const vouch = async (fresh: boolean) => {
    const proof = evidenceFromS4u2self(await client.s4u2self(subject, { signal, fresh }))
    requireVouched(grounds, proof.client, client.realm)
    return proof
  }
  const vouched = evidence?.origin === 's4u2self' && evidence.expiresAt > now ? evidence : undefined
  const ways = [...(vouched ? [async () => vouched] : []), () => vouch(false), () => vouch(true)]
  const ofNoUse = new Set<Ticket>()
  let needsFlag = false
  let refused: unknown
  for (const evidenceFor of ways) {
    const proof = await evidenceFor()
    if (ofNoUse.has(proof.ticket) || (needsFlag && !proof.forwardable)) continue
    try {
      return await client.s4u2proxy(proof, spn, options)
    } catch (error) {
      const lacksFlag = !proof.forwardable && hasReason(error, ABOUT_FLAGS)
      if (!protocolTransition || !(lacksFlag || hasReason(error, UNUSABLE))) throw error
      needsFlag ||= lacksFlag
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

/**
 * To the own KDC the name of a user of another realm is one to resolve, and an account of its own may have it as its user principal
 * name: whoever came with a ticket of PARTNER.TEST is nobody of AD.TEST.
 */
function requireVouched({ certificate, evidence, user }: Grounds, vouchedFor: Principal, realm: string): void {
  const isElsewhere = evidence !== undefined && !sameRealmIgnoringCase(evidence.client.realm, vouchedFor.realm)
  if (certificate) requireUser('the certificate', vouchedFor, user, realm)
  else if (isElsewhere) requireUser('the ticket by which the KDC vouches', vouchedFor, user, realm)
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

/**
 * Whether the next way may lead where this one did not. Not for a member of Protected Users, whom nobody is to act for: some KDCs do not
 * look when a service vouches, but the ticket that the user has presented says it. On the other hand there are KDCs, such as Heimdal's, that
 * take no presented tickets as evidence, whatever their lists say. Their tickets have no PAC.
 */
async function leadsOn(
  error: unknown,
  next: Way,
  { evidence }: Grounds,
  sightOf: Surroundings['sightOf'],
): Promise<boolean> {
  if (error instanceof KdcError) return error.code !== 'KDC_ERR_S_PRINCIPAL_UNKNOWN'
  if (!(error instanceof DelegationRefusedError)) return false
  if (next !== 's4u2self' || evidence?.origin !== 'presented') return ABOUT_THE_EVIDENCE.has(error.reason)
  const { user, hasPac } = await sightOf(evidence)
  if (user?.isProtected) return false
  return ABOUT_THE_EVIDENCE.has(error.reason) || (error.reason === 'target-not-allowed' && hasPac === false)
}

function hasReason(error: unknown, reasons: ReadonlySet<string>): boolean {
  return error instanceof DelegationRefusedError && reasons.has(error.reason)
}

const ABOUT_THE_EVIDENCE: ReadonlySet<string> = new Set(['evidence-not-forwardable', 'evidence-unusable', 'no-pac'])
const UNUSABLE: ReadonlySet<string> = new Set(['evidence-unusable'])
const ABOUT_FLAGS: ReadonlySet<string> = new Set([
  'protocol-transition-not-allowed',
  'user-not-delegable',
  'service-not-delegable',
])

/** The last refusal, which has those before as its cause, and their settings beside its own: each of them would have done. */
function allRefused(refusals: readonly unknown[]): unknown {
  const last = refusals[refusals.length - 1]
  const before = refusals.slice(0, -1).filter(isRefusal)
  const cause = before[before.length - 1]
  if (cause === undefined || !isRefusal(last)) return last
  const settings = distinct([...last.settings, ...before.flatMap((refusal) => refusal.settings)])
  if (last instanceof KdcError) return new KdcError(last.answer, { code: last.code, cause }, settings)
  const sentences = before.map(({ answer, ...refusal }) =>
    'sentence' in refusal ? refusal.sentence : `${answer.step} was refused before`,
  )
  const sentence = [last.sentence, ...sentences].join('; and ')
  return new DelegationRefusedError(last.answer, last.reason, sentence, settings, { cause })
}

function isRefusal(error: unknown): error is DelegationRefusedError | KdcError {
  return error instanceof DelegationRefusedError || error instanceof KdcError
}

function distinct(settings: readonly DirectorySetting[]): readonly DirectorySetting[] {
  return [...new Map(settings.map((setting) => [setting.attribute, setting])).values()]
}

function noWay({ user }: Grounds, rungs: readonly Rung[]): RejectedTokenError {
  const because = rungs.map((rung) => `${rung.way}: ${rung.because}`).join('; ')
  return new RejectedTokenError(`there is no way to act as ${user}`, {
    code: 'SEC_E_NO_IMPERSONATION',
    status: 403,
    hint: because,
  })
}
