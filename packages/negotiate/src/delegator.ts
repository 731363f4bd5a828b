import type { Identity, TicketEvidence } from '@s4u/acceptor'
import {
  type DelegatedTicket,
  type EvidenceTicket,
  type KdcClient,
  RejectedTokenError,
  type ServiceTicket,
  type TicketOptions,
} from '@s4u/kdc-client'
import {
  type DelegationOptions,
  permitsTransition,
  requireAllowedTarget,
  requireNamedRealm,
} from './delegation-policy.js'
import { type ImpersonateSubject, tellImpersonation } from './impersonate-events.js'
import { type FetchOptions, Impersonation } from './impersonation.js'

/** Turns identities into impersonations: the one place where a caller's evidence meets the KDC client. */
export class Delegator {
  private readonly client: () => Promise<KdcClient>
  private readonly options: DelegationOptions
  private readonly fetchOptions: FetchOptions

  constructor(client: () => Promise<KdcClient>, options: DelegationOptions, fetchOptions: FetchOptions) {
    this.client = client
    this.options = options
    this.fetchOptions = fetchOptions
  }

  impersonate(identity: Identity): Impersonation {
    return new Impersonation({
      principal: identity.principal,
      level: identity.impersonationLevel,
      ticketFor: (spn, options) => this.ticketFor(identity, spn, options),
      fetchOptions: this.fetchOptions,
    })
  }

  /** The app's own list first, then what the caller permitted, then the KDC, by the best way there is. */
  private async ticketFor(identity: Identity, spn: string, options?: TicketOptions): Promise<ServiceTicket> {
    const subject: ImpersonateSubject = { user: identity.principal, target: spn, identity }
    return (await tellImpersonation(subject, () => this.obtain(subject, identity, options))).ticket
  }

  private async obtain(
    subject: ImpersonateSubject,
    identity: Identity,
    options?: TicketOptions,
  ): Promise<DelegatedTicket> {
    const { target: spn } = subject
    requireAllowedTarget(spn, this.options)
    const { forwardedTgt, ...evidence } = evidenceOf(identity)
    const protocolTransition = permitsTransition(identity.principal, this.options)
    const grounds = { user: identity.principal, evidence, forwardedTgt, protocolTransition }
    const client = await this.client()
    subject.account = client.principal
    const delegated = await client.ticketAs(grounds, spn, options)
    requireNamedRealm(spn, delegated.ticket)
    return delegated
  }
}

/** @throws RejectedTokenError SEC_E_NO_IMPERSONATION when the caller lets nobody act for it, or left nothing to act with */
export function evidenceOf(
  identity: Identity,
): EvidenceTicket & { readonly forwardedTgt?: TicketEvidence['forwardedTgt'] } {
  const { evidence, impersonationLevel, principal } = identity
  if (impersonationLevel === 'anonymous' || impersonationLevel === 'identification') {
    throw notImpersonable(
      principal,
      `its impersonation level is ${impersonationLevel}`,
      'The client asked to be identified only (GSS_C_IDENTIFY_FLAG), or is anonymous.',
    )
  }
  if (evidence?.kind !== 'ticket') {
    throw notImpersonable(
      principal,
      'there is no ticket to show a KDC',
      'Identities from a session without evidence, or made by hand, cannot be impersonated.',
    )
  }
  const { client, ticket, forwardable, expiresAt, origin, forwardedTgt } = evidence
  return { client, ticket, forwardable, expiresAt, origin, forwardedTgt }
}

function notImpersonable(principal: string, why: string, hint: string): RejectedTokenError {
  return new RejectedTokenError(`${principal} cannot be impersonated: ${why}`, { code: 'SEC_E_NO_IMPERSONATION', hint })
}
