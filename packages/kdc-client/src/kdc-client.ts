import { createHash, randomBytes } from 'node:crypto'
import {
  DEFAULT_ETYPES,
  formatPrincipal,
  KRB_ERROR_CODES,
  type KrbError,
  NameType,
  parsePrincipal,
  type Principal,
  type RandomSource,
  samePrincipal,
} from '@s4u/krb5'
import { requestTgt } from './as-exchange.js'
import { type Authority, authorityOf, type KdcCredentials } from './credentials.js'
import { type DelegationFacts, explainDelegation } from './delegation-refusal.js'
import { type ExchangeStep, kdcAnswer, KdcError } from './errors.js'
import { KdcClock, type KdcContext } from './kdc-exchange.js'
import { type KdcOption as KdcSource, transportFor } from './kdc-source.js'
import { requestTicketThroughReferrals } from './referral.js'
import { parseUser, requestS4u2self, verifyOwnTicket } from './s4u2self.js'
import { requestS4u2proxy } from './s4u2proxy.js'
import { type EvidenceTicket, isForwardable, type ServiceTicket } from './service-ticket.js'
import { explainSignIn } from './sign-in-refusal.js'
import { TicketCache } from './ticket-cache.js'
import { isReferral, type TgsOutcome } from './tgs-exchange.js'

export interface KdcClientOptions {
  /** The realm to sign in to, where the credentials do not name it. */
  readonly realm?: string
  /** KDC addresses, addresses by realm, or a transport of one's own. Default: KRB5_CONFIG, then DNS. */
  readonly kdc?: KdcSource
  readonly credentials: KdcCredentials
  /** Encryption types offered, best first. Default: AES with SHA-1 and SHA-2, Camellia; never RC4 unless named. */
  readonly encryptionTypes?: readonly number[]
  /** For one exchange with a KDC, failover included; milliseconds, default 10,000. */
  readonly timeLimit?: number
  /** Milliseconds since the epoch. */
  readonly now?: () => number
  readonly random?: RandomSource
}

export interface TicketOptions {
  /** Ends the wait of this caller; others who wait for the same ticket still get it. */
  readonly signal?: AbortSignal
}

/** Asks a KDC for tickets, as the service itself or as a user. One client serves all requests of a process. */
export interface KdcClient {
  /** The account that asks: `svc-web@AD.TEST`. */
  readonly principal: string
  readonly realm: string
  /** A ticket in the service's own name. @throws KdcError, KdcUnreachableError */
  ticketFor(spn: string, options?: TicketOptions): Promise<ServiceTicket>
  /** A ticket to this service in the name of a user (protocol transition). @throws DelegationRefusedError, KdcError, KdcUnreachableError */
  s4u2self(user: string, options?: TicketOptions): Promise<ServiceTicket>
  /** A ticket to another service in the name of the evidence's user. @throws DelegationRefusedError, KdcError, KdcUnreachableError */
  s4u2proxy(evidence: EvidenceTicket, spn: string, options?: TicketOptions): Promise<ServiceTicket>
}

/** Checks its options at once; the network is not used before the first ticket. @throws ConfigurationError, MissingKeyError */
export function createKdcClient(options: KdcClientOptions): KdcClient {
  const { now = Date.now, encryptionTypes: etypes = DEFAULT_ETYPES, random = (length) => randomBytes(length) } = options
  const authority = authorityOf(options.credentials, options.realm, etypes)
  const transport = transportFor(options.kdc, options.timeLimit, now)
  return new Client({ transport, clock: new KdcClock(now), random, etypes }, authority)
}

class Client implements KdcClient {
  private readonly context: KdcContext
  private readonly authority: Authority
  private readonly self: Principal
  /** The service's own tickets, and those of its users: apart, so that no mistake in a key could ever mix them. */
  private readonly own: TicketCache
  private readonly users: TicketCache
  private mayTransition = false

  constructor(context: KdcContext, authority: Authority) {
    this.context = context
    this.authority = authority
    this.self = authority.principal
    const now = (): number => context.clock.now()
    this.own = new TicketCache({ now })
    this.users = new TicketCache({ now })
  }

  get principal(): string {
    return formatPrincipal(this.self)
  }

  get realm(): string {
    return this.self.realm
  }

  ticketFor(spn: string, { signal }: TicketOptions = {}): Promise<ServiceTicket> {
    const service = parseService(spn, this.realm)
    const key = {
      kind: 'own',
      client: this.principal,
      service: formatPrincipal(service),
      etypes: this.context.etypes,
    } as const
    const request = (): Promise<ServiceTicket> =>
      this.withTgt('TGS', spn, (tgt) =>
        requestTicketThroughReferrals(this.context, { tgt, service, client: tgt.client }),
      )
    return this.own.get(key, request, signal)
  }

  s4u2self(user: string, { signal }: TicketOptions = {}): Promise<ServiceTicket> {
    const who = parseUser(user, this.realm)
    // A KDC refuses to let a service impersonate itself (KDC_ERR_PADATA_TYPE_NOSUPP on Active Directory), and there is no need.
    if (samePrincipal(who, this.self)) return this.ticketFor(this.principal, { ...(signal && { signal }) })
    const name = formatPrincipal(who)
    const key = {
      kind: 's4u2self',
      client: this.principal,
      user: name,
      userNameType: who.name.nameType,
      etypes: this.context.etypes,
    } as const
    const request = async (): Promise<ServiceTicket> => {
      const ticket = await this.withTgt(
        'S4U2Self',
        this.principal,
        (tgt) => requestS4u2self(this.context, { tgt, service: this.self, user: who }),
        { user: name },
      )
      if (this.authority.kind === 'sign-in') verifyOwnTicket(ticket, this.authority)
      if (isForwardable(ticket)) this.mayTransition = true
      return ticket
    }
    return this.users.get(key, request, signal)
  }

  s4u2proxy(evidence: EvidenceTicket, spn: string, { signal }: TicketOptions = {}): Promise<ServiceTicket> {
    const { name: sname } = parseService(spn, this.realm)
    const user = formatPrincipal(evidence.client)
    const key = {
      kind: 's4u2proxy',
      client: this.principal,
      user,
      evidence: createHash('sha256').update(evidence.ticket.encPart.cipher).digest('base64'),
      service: spn,
      etypes: this.context.etypes,
    } as const
    const request = (): Promise<ServiceTicket> =>
      this.withTgt('S4U2Proxy', spn, (tgt) => requestS4u2proxy(this.context, { tgt, evidence, sname }), {
        user,
        evidence,
      })
    return this.users.get(key, request, signal)
  }

  /** Runs one exchange with a ticket-granting ticket; a clock that is off and a ticket that has ended are mended once. */
  private async withTgt(
    step: ExchangeStep,
    target: string,
    run: (tgt: ServiceTicket) => Promise<TgsOutcome>,
    about: { user?: string; evidence?: EvidenceTicket } = {},
  ): Promise<ServiceTicket> {
    for (let again = true; ; again = false) {
      const outcome = await run(await this.tgt())
      if ('ticket' in outcome) return this.notAReferral(step, target, outcome.ticket)
      const { refused } = outcome
      if (!again || !this.mend(refused)) {
        const answer = kdcAnswer(step, this.principal, target, refused, about.user)
        throw step === 'TGS'
          ? explainSignIn(answer)
          : explainDelegation(answer, { mayTransition: this.mayTransition, ...facts(about.evidence) })
      }
    }
  }

  private mend({ errorCode, stime }: KrbError): boolean {
    if (errorCode === KRB_ERROR_CODES.KRB_AP_ERR_SKEW) this.context.clock.learn(stime)
    else if (errorCode === KRB_ERROR_CODES.KRB_AP_ERR_TKT_EXPIRED) this.own.clear()
    else return false
    return true
  }

  private tgt(): Promise<ServiceTicket> {
    const { authority } = this
    if (authority.kind === 'ready-ticket') return Promise.resolve(authority.tgt)
    const key = {
      kind: 'own',
      client: this.principal,
      service: `krbtgt/${this.realm}@${this.realm}`,
      etypes: this.context.etypes,
    } as const
    return this.own.get(key, () => requestTgt(this.context, authority))
  }

  /** A delegated ticket of the own realm was asked for; one for another realm's KDC is a referral, not an answer. */
  private notAReferral(step: ExchangeStep, target: string, ticket: ServiceTicket): ServiceTicket {
    if (step === 'TGS' || !isReferral(ticket.service.name)) return ticket
    const { realm } = this
    const answer = {
      step,
      account: this.principal,
      target,
      errorCode: KRB_ERROR_CODES.KDC_ERR_WRONG_REALM,
      errorText: `referral to ${ticket.service.name.nameString[1]}`,
    }
    throw new KdcError(answer, {
      hint: `${target} belongs to another realm than ${realm}; delegation across realms is not supported yet.`,
    })
  }
}

function facts(evidence: EvidenceTicket | undefined): DelegationFacts {
  return evidence ? { evidence } : {}
}

/** `HTTP/api.ad.test`, with or without a realm. */
function parseService(spn: string, realm: string): Principal {
  const parsed = parsePrincipal(spn, { realm })
  const nameType = parsed.name.nameString.length === 2 ? NameType.SRV_INST : parsed.name.nameType
  return { ...parsed, name: { ...parsed.name, nameType } }
}
