import {
  type CallerIdentity,
  ConfigurationError,
  type Negotiation,
  RejectedTokenError,
  S4uError,
  ServiceNameError,
} from '@s4u/negotiate'
import type { SiteSettings } from '../configuration/gateway-options.js'
import type { FarmMember } from '../farm/farm.js'
import type { CallerRequest } from '../requests/steps.js'
import type { DelegationDeps } from './delegation-deps.js'
import { tellRefusal } from './inner-refusal.js'
import {
  type InnerAnswer,
  type InnerCredential,
  type InnerVerdict,
  PASS,
  type SiteDelegation,
} from './site-delegation.js'

/**
 * Each request carries a new token, made of a ticket in the name of the user: constrained
 * delegation, after protocol transition where the user came without Kerberos. Source: RFC 4559,
 * MS-SFU.
 */
export function asTicket(site: SiteSettings, deps: DelegationDeps): SiteDelegation {
  const service = serviceOf(site)
  return {
    passesChallenges: false,
    async credentialFor(request, member, signal) {
      // A rule lets everybody pass: there is no user in whose name a ticket could be.
      if (request.caller === undefined) return WITHOUT_USER
      const negotiation = await ticketFor(request.caller, { request, member, service, signal, deps })
      return new TicketCredential(negotiation, { request, member, service, deps, isRetry: false })
    },
  }
}

const WITHOUT_USER: InnerCredential = { headers: {}, judge: () => PASS }

/**
 * Returns the name as it is registered mostly: directories compare `http` and `HTTP` as one, MIT
 * does not.
 */
function serviceOf({ delegation: { service } }: SiteSettings): string | undefined {
  return service?.replace(/^http\//i, 'HTTP/')
}

interface TicketWish {
  readonly request: CallerRequest
  readonly member: FarmMember
  readonly service: string | undefined
  readonly signal?: AbortSignal | undefined
  readonly deps: DelegationDeps
}

async function ticketFor(caller: CallerIdentity, { request, member, service, signal, deps }: TicketWish) {
  try {
    const options = { ...(service !== undefined && { service }), ...(signal && { signal }) }
    return await caller.impersonate().negotiationFor(member.url, options)
  } catch (error) {
    if (error instanceof ServiceNameError) throw inWordsOfTheSite(error)
    // Faults (5xx) are told where the page is made; this one is the directory's no about a user.
    if (S4uError.is(error) && error.status < 500) deps.operation.alert(error, request)
    throw error
  }
}

/**
 * Returns an error for a name that cannot be made, or that nobody has registered. The hint of the
 * fetch names an option of its own, which a configuration of the gateway does not have.
 */
function inWordsOfTheSite(error: ServiceNameError): ConfigurationError {
  const { code, status, message, suggestedService = EXAMPLE_SERVICE } = error
  const service = suggestedService.replace(/^HTTP\//, 'http/')
  const hint = `Write the full name of the host in \`to\`, or delegation: { service: ${service} } of the site, as it is registered in the directory.`
  return new ConfigurationError(message, { code, status, hint, cause: error })
}

/** An address does not say which service is meant. */
const EXAMPLE_SERVICE = 'HTTP/orders.ad.test'

interface TicketUse extends Omit<TicketWish, 'signal'> {
  /** Whether a server has refused the user's ticket for this request already. */
  readonly isRetry: boolean
}

class TicketCredential implements InnerCredential {
  readonly headers: InnerCredential['headers']
  readonly #negotiation: Negotiation
  readonly #use: TicketUse

  constructor(negotiation: Negotiation, use: TicketUse) {
    this.headers = { authorization: negotiation.authorization }
    this.#negotiation = negotiation
    this.#use = use
  }

  judge({ statusCode: status, challenges, mayRetry }: InnerAnswer): InnerVerdict {
    const { member, service, isRetry } = this.#use
    if (status !== 401 && this.#needsNoProof(status, challenges)) return PASS
    try {
      const { refusal } = this.#negotiation.verify({ status, challenge: challenges })
      if (refusal === undefined) return PASS
      const isWorthIt = refusal.kind === 'stale-ticket' || refusal.kind === 'refused'
      if (isWorthIt && mayRetry && !isRetry) return { use: 'retry', again: () => this.#again(refusal) }
      this.#tell(refusal)
      return PASS
    } catch (error) {
      if (!S4uError.is(error)) throw error
      return { use: 'refuse', error: notProven(error, member.name, service) }
    }
  }

  /** A token that came is judged in any case: a wrong proof is worse than none. */
  #needsNoProof(status: number, challenges: readonly string[]): boolean {
    const { proof } = this.#use.request.site.delegation
    if (challenges.some((challenge) => /\bnegotiate\s+[^\s,]/i.test(challenge))) return false
    return proof === 'off' || (proof === 'optional' && status >= 400)
  }

  async #again(refusal: Refusal): Promise<InnerCredential | undefined> {
    const next = await this.#negotiation.withFreshTicket()
    if (next === undefined) {
      this.#tell(refusal)
      return undefined
    }
    return new TicketCredential(next, { ...this.#use, isRetry: true })
  }

  #tell({ schemes, code }: Refusal): void {
    const { deps, request, member, service } = this.#use
    const given = `a ticket for ${service?.replace('*', member.url.hostname) ?? `HTTP/${member.url.hostname}`}`
    tellRefusal(deps.operation, { request, member, given, scheme: 'negotiate', schemes, code })
  }
}

type Refusal = NonNullable<ReturnType<Negotiation['verify']>['refusal']>

function notProven(cause: S4uError, member: string, service = 'the service of its name'): RejectedTokenError {
  return new RejectedTokenError(`${member} did not prove that it is ${service}`, {
    code: 'KRB_AP_ERR_MUT_FAIL',
    status: 502,
    cause,
  })
}
