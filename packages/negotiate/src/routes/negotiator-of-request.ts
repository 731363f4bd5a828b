import type { ServiceRequests } from '@s4u/fetch'
import type { S4uError } from '@s4u/kdc-client'
import type { CallerIdentity } from '../delegation/caller-identity.js'
import type { Challenge } from '../http/response.js'
import type { NegotiableRequest } from '../http/request.js'

/** What all routes of an app have in common. */
export interface ImpersonatingApp {
  readonly impersonatesAlways: boolean
  /** How requests go where nobody is impersonated; undefined: in nobody's name. */
  readonly service?: ServiceRequests | undefined
}

/** What the gates of a route need to know of the negotiator in front of it. */
export interface RequestNegotiator extends ImpersonatingApp {
  /** The 401 for a caller whom the negotiator let pass unknown. */
  challenge(request: NegotiableRequest): Challenge
  /** To be told of a caller whom a route does not let in. */
  noteForbidden(request: NegotiableRequest, identity: CallerIdentity, error: S4uError): void
}

/** The number is that of `RequestNegotiator`. */
const KEY = Symbol.for('s4u.negotiated-requests.1')

/**
 * Those of this process, also where it has two copies of this package: routes may be declared by
 * the other one.
 */
const negotiators = negotiatorsInProcess()

function negotiatorsInProcess(): WeakMap<NegotiableRequest, RequestNegotiator> {
  const found: unknown = Reflect.get(globalThis, KEY)
  if (found instanceof WeakMap) return found
  const made = new WeakMap<NegotiableRequest, RequestNegotiator>()
  Object.defineProperty(globalThis, KEY, { value: made })
  return made
}

/** The last negotiator that a request passed decides about it. */
export function recordNegotiator(request: NegotiableRequest, by: RequestNegotiator): void {
  negotiators.set(request, by)
}

export function findNegotiator(request: NegotiableRequest): RequestNegotiator | undefined {
  return negotiators.get(request)
}
