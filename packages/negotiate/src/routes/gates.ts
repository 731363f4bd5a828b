/**
 * Checks of single routes: whom a handler is for. Each is made when the app starts, and refuses
 * wrong arguments there.
 */

import { ConfigurationError, RejectedTokenError, requireGiven, S4uError, shownInput } from '@s4u/kdc-client'
import { parseSid, withoutHostBasedForm } from '@s4u/krb5'
import type { CallerIdentity } from '../delegation/caller-identity.js'
import { findNegotiated } from './negotiated-requests.js'
import { type Challenge, type Gate, type NegotiableRequest, runPlainly, type Verdict } from '../authenticate/outcome.js'

/** Lets known callers pass: for single routes behind `mode: 'optional'`. */
export function identityGate(): Gate {
  return (request, identity) => (identity === undefined ? unknownCaller(request) : PASS)
}

/**
 * Lets members of any of these groups pass; others get 403, and so do callers of whom nobody knows
 * the groups. @param sids `S-1-5-21-…-512`: names are not in tickets
 * @throws ConfigurationError at once for what is no SID
 */
export function groupGate(...sids: readonly string[]): Gate {
  if (sids.length === 0) throw new ConfigurationError('requireGroup needs at least one SID')
  for (const sid of sids) requireSid(sid)
  return (request, identity) => {
    if (identity === undefined) return unknownCaller(request)
    if (identity.groupsUnknown !== undefined) return groupsUnknown(request, identity, sids)
    return sids.some((sid) => identity.isInGroup(sid)) ? PASS : forbidden(request, identity, whyInNone(identity, sids))
  }
}

/**
 * Lets callers pass who came through these services and no others (S4U_DELEGATION_INFO). Who comes
 * directly gets 403 too, and so does a user of another realm, whose KDC can make the list up,
 * unless `foreignPac` believes it.
 *
 * A KDC writes down the name by which it was shown the user: the SPN where the user came to that
 * service with a ticket, its account where it has vouched for the user (protocol transition). Only
 * the directory knows which belong together, so list both.
 * @param services `HTTP/web.ad.test`, `web$@AD.TEST`: without a realm that of this service is meant
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
 * A host, or a class that is none at one, never is what a ticket says: nobody would be let in.
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

/**
 * Who is unknown is asked to authenticate. @throws ConfigurationError when there is no negotiator
 * in front of the route
 */
export function unknownCaller(request: NegotiableRequest): Challenge {
  const negotiated = findNegotiated(request)
  if (negotiated !== undefined) return negotiated.challenge(request)
  throw new ConfigurationError('a route asks for a caller, but nothing in front of it authenticates any', {
    hint: 'Put app.use(negotiate(…)) before the route.',
  })
}

/**
 * The caller is known, and still not let in: to authenticate again would change nothing. Told to
 * the negotiator in front of the route, whose events they are: no framework would.
 */
export function forbidden(
  request: NegotiableRequest,
  identity: CallerIdentity,
  why: string,
  { hint, cause }: { readonly hint?: string; readonly cause?: S4uError } = {},
): Challenge {
  const error = new RejectedTokenError(`${identity.principal} ${why}`, {
    code: cause?.code ?? 'SEC_E_LOGON_DENIED',
    status: 403,
    hint: hint ?? cause?.hint,
    cause,
  })
  findNegotiated(request)?.noteForbidden(request, identity, error)
  const headers = { 'Content-Type': 'text/plain; charset=utf-8' }
  return { status: 'challenge', statusCode: 403, headers, body: 'You may not use this.\n', error }
}

/** The cause, not the class, says what to do. */
function groupsUnknown(request: NegotiableRequest, identity: CallerIdentity, sids: readonly string[]): Challenge {
  try {
    identity.isInGroup(sids[0])
  } catch (error) {
    if (!S4uError.is(error)) throw error
    return forbidden(request, identity, `may be in any group: ${identity.groupsUnknown}`, { cause: error })
  }
  return forbidden(request, identity, `may be in any group: ${identity.groupsUnknown}`)
}

function whyInNone({ withheld }: CallerIdentity, sids: readonly string[]): string {
  const none = 'is in none of the groups of this route'
  const said = sids.find((sid) => withheld?.sids?.includes(sid))
  if (withheld === undefined || said === undefined) return none
  return `${none}: that ${said} is one of its SIDs, a PAC of ${withheld.realm} has no authority to say`
}

function whyNotDelegated(services: readonly string[], realm: string): string {
  return `is said to have come through ${services.join(', ')}, which a KDC of ${realm} may have made up: only what our own realm wrote counts here (foreignPac)`
}

/** One service has two names, and nothing in a ticket ties them together. */
function otherNameHint(stranger: string, services: readonly string[]): string {
  const isSpn = (name: string): boolean => name.includes('/')
  const others = services.filter((service) => isSpn(withoutHostBasedForm(service)) !== isSpn(stranger))
  if (others.length === 0)
    return `If callers of ${stranger} may come in here, add ${JSON.stringify(stranger)} to requireDelegatedBy.`
  const kinds = isSpn(stranger) ? ['an SPN', 'the account'] : ['the account', 'an SPN']
  return `A service that vouched for the caller is named by its account, one that the caller came to with a ticket by its SPN. If ${stranger} is ${kinds[0]} of ${others.join(' or ')} (${kinds[1]}), list both: requireDelegatedBy([${[...services, stranger].map((name) => `'${name}'`).join(', ')}]).`
}

const PASS: Verdict = { status: 'pass', run: runPlainly }

function requireSid(sid: string): void {
  try {
    parseSid(sid)
  } catch (cause) {
    throw new ConfigurationError(`requireGroup: ${shownInput(sid)} is no SID`, {
      hint: 'Tickets name groups by SID. On Windows: (Get-ADGroup NAME).SID, on Samba: samba-tool group show NAME.',
      cause,
    })
  }
}

/** Of the service whose key opened the ticket: the realm that has written the list. */
function ownRealm({ evidence, realm }: CallerIdentity): string {
  return evidence?.kind === 'ticket' ? evidence.service.realm : realm
}

/**
 * SPNs and accounts are compared without regard to ASCII case, as Active Directory does. What a
 * ticket says is never a host-based name: there `http@web.ad.test` is an account of a realm that is
 * called so, and not the service `HTTP/web.ad.test`.
 */
function folded(service: string, realm: string): string {
  const full = service.includes('@') ? service : `${service}@${realm}`
  return full.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}
