import { ConfigurationError, requireGiven, shownInput } from '@s4u/kdc-client'
import { withoutHostBasedForm } from '@s4u/krb5'
import type { CallerIdentity } from '../delegation/caller-identity.js'
import { declareService, foldedService } from '../directory/service-accounts.js'
import type { NegotiableRequest } from '../http/request.js'
import { forbidden, type Gate, notYet, PASS, unknownCaller } from './gate.js'
import { findNegotiator } from './negotiator-of-request.js'

/**
 * Returns a gate for callers who came through these services and no others (S4U_DELEGATION_INFO). A
 * caller who comes directly gets 403, and so does a user of another realm, whose KDC can make up
 * the list of services, unless `foreignPac` believes it.
 *
 * A KDC writes down the SPN if the user came to that service with a ticket. It writes down the
 * account name if the service vouched for the user (protocol transition). Only the directory knows
 * which names belong together. With the option `directory` of the negotiator, one name of a service
 * is enough; it is resolved when the app starts, and every five minutes. Without it, list both.
 *
 * ```ts
 * import { delegatedByGate } from '@s4u/negotiate'
 *
 * const throughWeb = delegatedByGate(['HTTP/web.ad.test', 'svc-web'])
 * ```
 *
 * @param services `HTTP/web.ad.test`, `web$@AD.TEST`; without a realm, one of this service's realm
 * @throws ConfigurationError at once for an empty list
 */
export function delegatedByGate(services: readonly string[]): Gate {
  requireGiven('requireDelegatedBy: the services', services, 'list of texts', "Write ['HTTP/web.ad.test', 'web'].")
  if (services.length === 0 || services.includes('')) {
    throw new ConfigurationError('requireDelegatedBy needs the names of services', {
      hint: "Write what identity.delegatedBy shows: ['HTTP/web.ad.test@AD.TEST'], or the account on Active Directory.",
    })
  }
  for (const service of services)
    requireServiceName(typeof service === 'string' ? withoutHostBasedForm(service) : service)
  const listed = services.map(withoutHostBasedForm)
  for (const service of listed) declareService(service)
  return (request, identity) => {
    if (identity === undefined) return unknownCaller(request)
    const { delegatedBy, delegationToldBy, withheld } = identity
    const said = withheld?.delegatedBy ?? delegatedBy
    if (said.length > 0 && delegationToldBy !== undefined)
      return forbidden(request, identity, whyNotDelegated(said, delegationToldBy))
    if (delegatedBy.length === 0) return forbidden(request, identity, 'came directly, and not through a service')
    const realm = ownRealm(identity)
    const { allowed, pending, resolved, asked } = allowedServices(request, listed, realm)
    const stranger = delegatedBy.find((service) => !allowed.has(foldedService(service, realm)))
    if (stranger === undefined) return PASS
    if (pending !== undefined) return notYet(`the account of the service ${pending.service}`, pending.why)
    const hint = resolved.length > 0 ? notItsNameHint(stranger, resolved) : otherNameHint(stranger, services, asked)
    return forbidden(request, identity, `came through ${stranger}`, { hint })
  }
}

interface AllowedServices {
  /** Folded, with their realm: those that are listed, and the other names of their accounts. */
  readonly allowed: ReadonlySet<string>
  /** A service whose account is not known yet, and why. */
  readonly pending: { readonly service: string; readonly why: string } | undefined
  /** Services whose accounts the directory knows. */
  readonly resolved: readonly string[]
  /** There is a directory. */
  readonly asked: boolean
}

/** Without waiting. A realm that is not written is that of the service that the caller came to. */
function allowedServices(request: NegotiableRequest, listed: readonly string[], realm: string): AllowedServices {
  const allowed = new Set(listed.map((service) => foldedService(service, realm)))
  const accounts = findNegotiator(request)?.services
  const resolved: string[] = []
  let pending: AllowedServices['pending']
  for (const service of accounts === undefined ? [] : listed) {
    const found = accounts?.find(service)
    if (found?.status === 'pending') pending = { service, why: found.why }
    // The account of this name may be one of another realm than the route means.
    if (found?.status !== 'known' || !found.names.has(foldedService(service, realm))) continue
    resolved.push(service)
    for (const name of found.names) allowed.add(name)
  }
  return { allowed, pending, resolved, asked: accounts !== undefined }
}

/**
 * Refuses hosts and host-based names: tickets never have them, so no caller would pass.
 * @throws ConfigurationError
 */
function requireServiceName(service: unknown): void {
  const [, serviceClass = 'HTTP', host] =
    typeof service === 'string' ? (/^(?:([A-Za-z][\w-]*)@)?([a-z\d-]+(?:\.[a-z\d-]+){2,})$/.exec(service) ?? []) : []
  if (typeof service === 'string' && host === undefined) return
  throw new ConfigurationError(`requireDelegatedBy: ${shownInput(service)} is not the name of a service`, {
    hint: `Write ${host === undefined ? "what identity.delegatedBy shows: 'HTTP/web.ad.test@AD.TEST'" : `'${serviceClass}/${host}'`}, or the account on Active Directory: 'svc-web@AD.TEST'.`,
  })
}

function whyNotDelegated(services: readonly string[], realm: string): string {
  return `is said to have come through ${services.join(', ')}, which a KDC of ${realm} may have made up: only what our own realm wrote counts here (foreignPac)`
}

/** Returns what to do when the directory says that a service is another one. */
function notItsNameHint(stranger: string, resolved: readonly string[]): string {
  return `In the directory this is no name of the account of ${resolved.join(' or ')}. If callers of ${stranger} may come in here, add ${JSON.stringify(stranger)} to requireDelegatedBy; if it is the same service, its account lacks that name (a change there counts after five minutes).`
}

/**
 * Returns what to write when a service came under its other name: nothing in a ticket ties the two
 * names together.
 */
function otherNameHint(stranger: string, services: readonly string[], asked: boolean): string {
  const isSpn = (name: string): boolean => name.includes('/')
  const others = services.filter((service) => isSpn(withoutHostBasedForm(service)) !== isSpn(stranger))
  if (others.length === 0)
    return `If callers of ${stranger} may come in here, add ${JSON.stringify(stranger)} to requireDelegatedBy.`
  const kinds = isSpn(stranger) ? ['an SPN', 'the account'] : ['the account', 'an SPN']
  return `A service that vouched for the caller is named by its account, one that the caller came to with a ticket by its SPN. If ${stranger} is ${kinds[0]} of ${others.join(' or ')} (${kinds[1]}), list both: requireDelegatedBy([${[...services, stranger].map((name) => `'${name}'`).join(', ')}])${asked ? '' : ', or let the directory tell: negotiate({ directory: true })'}.`
}

/** Returns the realm of the service whose key opened the ticket: its KDC has written the list. */
function ownRealm({ evidence, realm }: CallerIdentity): string {
  return evidence?.kind === 'ticket' ? evidence.service.realm : realm
}
