import {
  type ForwardedTicket,
  parsePrincipal,
  type Principal,
  RejectedTokenError,
  samePrincipal,
  sameRealmIgnoringCase,
  type Ticket,
} from '@s4u/krb5'
import type { TicketOptions } from '../cache/ticket-options.js'
import type { DirectorySetting } from '../errors/directory-setting.js'
import { DelegationRefusedError, KdcError } from '../errors/kdc-errors.js'
import { nameOf } from '../tickets/principal-name.js'
import type { S4uSubject } from '../tickets/s4u-user.js'
import { evidenceFromS4u2self, type EvidenceTicket, type ServiceTicket } from '../tickets/service-ticket.js'
import { type DelegationInputs, type DelegationMethod, type MethodChoice, planDelegation } from './delegation-plan.js'
import type { EvidenceFindings } from './evidence-inspection.js'

/** A ticket in a user's name, and the method that got it. */
export interface DelegatedTicket {
  readonly ticket: ServiceTicket
  readonly method: DelegationMethod
  /** @deprecated Use `method`. */
  readonly way: DelegationMethod
}

/** The requests that a plan consists of, as a `KdcClient` has them. */
export interface DelegatingClient {
  readonly realm: string
  ticketWith(tgt: ForwardedTicket, spn: string, options?: TicketOptions): Promise<ServiceTicket>
  s4u2self(user: S4uSubject, options?: TicketOptions): Promise<ServiceTicket>
  s4u2proxy(evidence: EvidenceTicket, spn: string, options?: TicketOptions): Promise<ServiceTicket>
}

/** What is delegated, where to, and when. */
export interface Delegation {
  readonly inputs: DelegationInputs
  readonly spn: string
  readonly options: TicketOptions
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Looks into evidence that a KDC refused. */
  readonly inspect: (evidence: EvidenceTicket) => Promise<EvidenceFindings>
}

/**
 * Requests a ticket in a user's name: tries the usable methods, best first, until one gives a
 * ticket.
 *
 * A refusal that no other method can change ends it, since the targets that a service may reach are
 * the same for all methods. The last refusal also tells what the earlier methods were refused for.
 *
 * @throws RejectedTokenError KRB_AP_ERR_BADMATCH if the inputs belong to another user,
 * SEC_E_NO_IMPERSONATION if no method is usable; DelegationRefusedError, KdcError,
 * KdcUnreachableError
 */
export async function followPlan(client: DelegatingClient, delegation: Delegation): Promise<DelegatedTicket> {
  const { inputs, now } = delegation
  requireOneUser(inputs, client.realm)
  const { choices } = planDelegation(inputs, now)
  const methods = choices.filter(({ usable }) => usable).map(({ method }) => method)
  if (methods.length === 0) throw noMethod(inputs, choices)
  const refusals: unknown[] = []
  for (const [index, method] of methods.entries()) {
    try {
      return { method, way: method, ticket: await requestBy(method, client, delegation) }
    } catch (error) {
      refusals.push(error)
      const next = methods[index + 1]
      if (next === undefined || !(await mayHelp(next, error, delegation))) break
    }
  }
  throw allRefused(refusals)
}

function requestBy(method: DelegationMethod, client: DelegatingClient, delegation: Delegation): Promise<ServiceTicket> {
  const { spn, options } = delegation
  const { forwardedTgt, evidence } = delegation.inputs
  if (method === 'forwarded-tgt' && forwardedTgt) return client.ticketWith(forwardedTgt, spn, options)
  if (method !== 's4u2self' && evidence) return client.s4u2proxy(evidence, spn, options)
  return requestByTransition(client, delegation)
}

/**
 * Shows the KDC a ticket from S4U2Self: the one at hand, or a new one. A new one is requested, if
 * the app permits it, when KDCs cannot decrypt the ticket at hand any more because the service's
 * own key has changed, and when that ticket is not forwardable: the directory may permit it by now.
 * The cache limits how often this happens for a user.
 */
async function requestByTransition(
  client: DelegatingClient,
  { inputs, spn, options, now }: Delegation,
): Promise<ServiceTicket> {
  const { evidence, user, certificate, protocolTransition = false } = inputs
  const subject = certificate ? { certificate } : user
  // `fresh` in the options says that a target's key has changed. That concerns another ticket.
  const { signal } = options
  const s4u2self = async (fresh: boolean) => {
    const proof = evidenceFromS4u2self(await client.s4u2self(subject, { signal, fresh }))
    requireSameUser(inputs, proof.client, client.realm)
    return proof
  }
  const atHand = evidence?.origin === 's4u2self' && evidence.expiresAt > now ? evidence : undefined
  const tries = [...(atHand ? [async () => atHand] : []), () => s4u2self(false), () => s4u2self(true)]
  const refusedTickets = new Set<Ticket>()
  let needsForwardable = false
  let refusal: unknown
  for (const nextEvidence of tries) {
    const proof = await nextEvidence()
    if (refusedTickets.has(proof.ticket) || (needsForwardable && !proof.forwardable)) continue
    try {
      return await client.s4u2proxy(proof, spn, options)
    } catch (error) {
      const lacksFlag = !proof.forwardable && hasReason(error, ABOUT_FLAGS)
      if (!protocolTransition || !(lacksFlag || hasReason(error, UNUSABLE))) throw error
      needsForwardable ||= lacksFlag
      refusedTickets.add(proof.ticket)
      refusal = error
    }
  }
  throw refusal
}

/**
 * Refuses inputs of two users: a request in the name of one user, with the ticket of another, would
 * give that user's rights away, whatever mistake led to it.
 */
function requireOneUser({ user, evidence, forwardedTgt }: DelegationInputs, realm: string): void {
  if (evidence) requireUser('the evidence', evidence.client, user, realm)
  if (forwardedTgt) requireUser('the ticket-granting ticket', forwardedTgt.client, user, realm)
}

/**
 * Refuses an S4U2Self ticket of another user than the one who presented a ticket. The service's KDC
 * has to resolve the name of a user of another realm, and an account of its own may have that name
 * as its user principal name. A user with a ticket of PARTNER.TEST is not that account.
 */
function requireSameUser({ certificate, evidence, user }: DelegationInputs, named: Principal, realm: string): void {
  const isElsewhere = evidence !== undefined && !sameRealmIgnoringCase(evidence.client.realm, named.realm)
  if (certificate) requireUser('the certificate', named, user, realm)
  else if (isElsewhere) requireUser('the ticket by which the KDC vouches', named, user, realm)
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
 * Resolves to whether the next method may succeed after this refusal.
 *
 * S4U2Self does not help for a member of Protected Users, for whom no service may act. Some KDCs
 * do not check that at S4U2Self, but the presented ticket shows it. It does help with KDCs that
 * accept no presented ticket as evidence, whatever their lists say, such as Heimdal's: their
 * tickets have no PAC.
 */
async function mayHelp(next: DelegationMethod, error: unknown, { inputs, inspect }: Delegation): Promise<boolean> {
  const { evidence } = inputs
  if (error instanceof KdcError) return error.code !== 'KDC_ERR_S_PRINCIPAL_UNKNOWN'
  if (!(error instanceof DelegationRefusedError)) return false
  if (next !== 's4u2self' || evidence?.origin !== 'presented') return ABOUT_THE_EVIDENCE.has(error.reason)
  const { user, hasPac } = await inspect(evidence)
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

/**
 * Returns the last refusal, with the earlier ones as its cause. Its settings include those of the
 * earlier refusals, because each of them would have been enough.
 */
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

function noMethod({ user }: DelegationInputs, choices: readonly MethodChoice[]): RejectedTokenError {
  return new RejectedTokenError(`there is no way to act as ${user}`, {
    code: 'SEC_E_NO_IMPERSONATION',
    status: 403,
    hint: choices.map(({ method, reason }) => `${method}: ${reason}`).join('; '),
  })
}
