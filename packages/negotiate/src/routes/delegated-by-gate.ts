import { ConfigurationError, requireGiven, shownInput } from '@s4u/kdc-client'
import { withoutHostBasedForm } from '@s4u/krb5'
import type { CallerIdentity } from '../delegation/caller-identity.js'
import { forbidden, type Gate, PASS, unknownCaller } from './gate.js'

/**
 * Returns a gate for callers who came through these services and no others (S4U_DELEGATION_INFO). A
 * caller who comes directly gets 403, and so does a user of another realm, whose KDC can make up
 * the list of services, unless `foreignPac` believes it.
 *
 * A KDC writes down the name under which it got to know the user: the SPN where the user came to
 * that service with a ticket, the account where the service vouched for the user (protocol
 * transition). Only the directory knows which names belong together, so list both.
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
  return (request, identity) => {
    if (identity === undefined) return unknownCaller(request)
    const { delegatedBy, delegationToldBy, withheld } = identity
    const said = withheld?.delegatedBy ?? delegatedBy
    if (said.length > 0 && delegationToldBy !== undefined)
      return forbidden(request, identity, whyNotDelegated(said, delegationToldBy))
    if (delegatedBy.length === 0) return forbidden(request, identity, 'came directly, and not through a service')
    const realm = ownRealm(identity)
    const allowed = new Set(services.map((service) => folded(withoutHostBasedForm(service), realm)))
    const stranger = delegatedBy.find((service) => !allowed.has(folded(service, realm)))
    if (stranger === undefined) return PASS
    return forbidden(request, identity, `came through ${stranger}`, { hint: otherNameHint(stranger, services) })
  }
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

/**
 * Returns what to write when a service came under its other name: nothing in a ticket ties the two
 * names together.
 */
function otherNameHint(stranger: string, services: readonly string[]): string {
  const isSpn = (name: string): boolean => name.includes('/')
  const others = services.filter((service) => isSpn(withoutHostBasedForm(service)) !== isSpn(stranger))
  if (others.length === 0)
    return `If callers of ${stranger} may come in here, add ${JSON.stringify(stranger)} to requireDelegatedBy.`
  const kinds = isSpn(stranger) ? ['an SPN', 'the account'] : ['the account', 'an SPN']
  return `A service that vouched for the caller is named by its account, one that the caller came to with a ticket by its SPN. If ${stranger} is ${kinds[0]} of ${others.join(' or ')} (${kinds[1]}), list both: requireDelegatedBy([${[...services, stranger].map((name) => `'${name}'`).join(', ')}]).`
}

/** Returns the realm of the service whose key opened the ticket: its KDC has written the list. */
function ownRealm({ evidence, realm }: CallerIdentity): string {
  return evidence?.kind === 'ticket' ? evidence.service.realm : realm
}

/**
 * Folds ASCII letter case, as Active Directory compares SPNs and accounts. A ticket never has a
 * host-based name: in a ticket, `http@web.ad.test` is an account of a realm called `web.ad.test`,
 * and not the service `HTTP/web.ad.test`.
 */
function folded(service: string, realm: string): string {
  const full = service.includes('@') ? service : `${service}@${realm}`
  return full.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}
