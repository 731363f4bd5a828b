import type { Identity, TicketEvidence } from '@s4u/acceptor'
import {
  type Fetch,
  type FetchTickets,
  type NegotiationFor,
  prepareFetch,
  prepareNegotiationFor,
  TOKEN_OPTIONS,
  type TokenOptions,
  type TokenTickets,
} from '@s4u/fetch'
import {
  type DelegatedTicket,
  type DelegationInputs,
  type EvidenceTicket,
  type Journal,
  journalFor,
  type KdcClient,
  pickOptions,
  planDelegation,
  RejectedTokenError,
  requireGiven,
  S4uError,
  type ServiceTicket,
  type TicketOptions,
  withoutHostBasedForm,
} from '@s4u/kdc-client'
import { formatPrincipal } from '@s4u/krb5'
import { type DelegationOptions, permitsTransition, requireAllowedTarget } from './delegation-policy.js'
import { type ImpersonateSubject, tellImpersonation, writeRefusal } from '../audit/impersonation-events.js'
import { type FetchOptions, Impersonation } from './impersonation.js'
import { type ImpersonationPlan, planOf } from './impersonation-plan.js'

/**
 * Makes impersonations of identities: the only place where a caller's evidence meets the KDC
 * client.
 */
export class Delegator {
  readonly #clientIn: (realm: string | undefined) => Promise<KdcClient>
  readonly #options: DelegationOptions
  readonly #fetchOptions: FetchOptions
  readonly #journal: Journal
  readonly #accountSid: ((realm: string) => string | undefined) | undefined
  readonly #fetchFor: (tickets: FetchTickets) => Fetch
  readonly #negotiationsFor: (tickets: TokenTickets) => NegotiationFor

  constructor(
    client: (realm: string | undefined) => Promise<KdcClient>,
    options: DelegationOptions,
    fetchOptions: FetchOptions,
    journal: Journal = journalFor(),
    /** For audits: the SID of the account that acts. */
    accountSid?: (realm: string) => string | undefined,
  ) {
    this.#accountSid = accountSid
    this.#journal = journal
    this.#clientIn = client
    this.#options = options
    this.#fetchOptions = fetchOptions
    this.#fetchFor = prepareFetch(fetchOptions)
    this.#negotiationsFor = prepareNegotiationFor(pickOptions<TokenOptions>(fetchOptions, TOKEN_OPTIONS))
  }

  impersonate(identity: Identity): Impersonation {
    return new Impersonation({
      principal: identity.principal,
      sid: () => identity.sid,
      level: identity.impersonationLevel,
      ticketFor: (spn, options) => this.#ticketFor(identity, spn, options),
      explain: (spn) => this.#explain(identity, spn),
      fetchFor: this.#fetchFor,
      negotiationsFor: this.#negotiationsFor,
      fetchOptions: this.#fetchOptions,
    })
  }

  /**
   * Gets a ticket. It checks the app's own list first, then what the caller permitted; then the KDC
   * decides, by the best method.
   */
  async #ticketFor(identity: Identity, spn: string, options?: TicketOptions): Promise<ServiceTicket> {
    const journal = this.#journal
    const target = withoutHostBasedForm(spn)
    const subject: ImpersonateSubject = { user: identity.principal, target, identity, journal }
    return (await tellImpersonation(subject, () => this.#obtain(subject, identity, options))).ticket
  }

  async #obtain(subject: ImpersonateSubject, identity: Identity, options?: TicketOptions): Promise<DelegatedTicket> {
    const { target: spn } = subject
    try {
      const inputs = this.#inputsFor(identity, spn)
      const client = await this.#clientIn(realmOfService(identity))
      subject.account = client.principal
      subject.accountSid = this.#accountSid?.(client.realm)
      return await client.ticketAs(inputs, spn, options)
    } catch (error) {
      writeRefusal(subject, error)
      throw error
    }
  }

  /** Applies the same rules without a request to a KDC. */
  #explain(identity: Identity, named: string): ImpersonationPlan {
    requireGiven('the service', named, 'text', "Write 'HTTP/api.ad.test'.")
    const target = withoutHostBasedForm(named)
    const { impersonationLevel: level } = identity
    const now = (this.#fetchOptions.now ?? Date.now)()
    try {
      return planOf(target, level, planDelegation(this.#inputsFor(identity, target), now))
    } catch (error) {
      if (!S4uError.is(error) || !REFUSALS.has(error.code)) throw error
      const { message: reason } = error
      const { choices } = planDelegation({ user: identity.principal }, now)
      const refused = choices.map(({ method }) => ({ method, usable: false, reason }))
      return planOf(target, level, { method: undefined, choices: refused })
    }
  }

  /** @throws ConfigurationError KDC_ERR_POLICY, RejectedTokenError SEC_E_NO_IMPERSONATION */
  #inputsFor(identity: Identity, spn: string): DelegationInputs {
    requireAllowedTarget(spn, this.#options)
    const { forwardedTgt: forwardedByCaller, ...evidence } = evidenceOf(identity)
    // KDCs know the user by the name in the ticket; the account may have another one.
    const user = formatPrincipal(evidence.client)
    // An identity may come from another negotiator, or a session, with other rules.
    const forwardedTgt = this.#options.forwardedTickets === 'use' ? forwardedByCaller : undefined
    const protocolTransition = permitsTransition(identity.principal, this.#options)
    return { user, evidence, forwardedTgt, protocolTransition }
  }
}

/**
 * Returns the realm whose key opened the caller's ticket: its KDC has sealed the evidence, and
 * knows the account that may show it.
 */
function realmOfService({ evidence }: Identity): string | undefined {
  return evidence?.kind === 'ticket' ? evidence.service.realm : undefined
}

/** Codes of errors that rule out every method, before a ticket is asked for. */
const REFUSALS: ReadonlySet<string> = new Set(['KDC_ERR_POLICY', 'SEC_E_NO_IMPERSONATION'])

/**
 * Returns the evidence of an identity.
 * @throws RejectedTokenError SEC_E_NO_IMPERSONATION when the caller lets no service act for it, or
 * has left no ticket
 */
export function evidenceOf(
  identity: Identity,
): EvidenceTicket & { readonly forwardedTgt?: TicketEvidence['forwardedTgt'] } {
  const { evidence, impersonationLevel, principal } = identity
  if (impersonationLevel === 'anonymous' || impersonationLevel === 'identification') {
    throw notImpersonable(
      principal,
      `its impersonation level is ${impersonationLevel}`,
      evidence === undefined ? ONLY_KNOWN : ONLY_IDENTIFIED,
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

const ONLY_IDENTIFIED = 'The client asked to be identified only (GSS_C_IDENTIFY_FLAG), or is anonymous.'
const ONLY_KNOWN =
  "The app asked to know the user and no more: identityFor(user, { level: 'identification' }). Without it, and with delegation.protocolTransition, it may act for the user."

function notImpersonable(principal: string, why: string, hint: string): RejectedTokenError {
  return new RejectedTokenError(`${principal} cannot be impersonated: ${why}`, {
    code: 'SEC_E_NO_IMPERSONATION',
    hint,
    status: 403,
  })
}
