import type { ServiceRequests } from '@s4u/fetch'
import type { S4uError } from '@s4u/kdc-client'
import type { CallerIdentity } from '../delegation/caller-identity.js'
import type { GroupName } from '../directory/group-names.js'
import type { ServiceAccount } from '../directory/service-accounts.js'
import type { Challenge } from '../http/response.js'
import type { NegotiableRequest } from '../http/request.js'

/** What all routes of an app share. */
export interface ImpersonatingApp {
  readonly impersonatesAlways: boolean
  /** How requests go where no caller is impersonated; undefined: without credentials. */
  readonly service?: ServiceRequests | undefined
}

/** The negotiator in front of a route, as its gates see it. */
export interface RequestNegotiator extends ImpersonatingApp {
  /** Finds what names of groups stand for; undefined without a directory. */
  readonly groups?: { find(name: string): GroupName } | undefined
  /** Finds the accounts of services; undefined without a directory. */
  readonly services?: { find(name: string): ServiceAccount } | undefined
  /** Returns the 401 for a caller whom the negotiator let pass unknown. */
  challenge(request: NegotiableRequest): Challenge
  /** Publishes that a route refuses a caller. */
  noteForbidden(request: NegotiableRequest, identity: CallerIdentity, error: S4uError): void
}

/** The number is the version of `RequestNegotiator`. */
const KEY = Symbol.for('s4u.negotiated-requests.1')

/**
 * The negotiators of this process, also where it has two copies of this package: the other copy may
 * have declared the routes.
 */
const negotiators = negotiatorsInProcess()

function negotiatorsInProcess(): WeakMap<NegotiableRequest, RequestNegotiator> {
  const found: unknown = Reflect.get(globalThis, KEY)
  if (found instanceof WeakMap) return found
  const made = new WeakMap<NegotiableRequest, RequestNegotiator>()
  Object.defineProperty(globalThis, KEY, { value: made })
  return made
}

/** Records the negotiator that a request has passed; the last one decides about its routes. */
export function recordNegotiator(request: NegotiableRequest, by: RequestNegotiator): void {
  negotiators.set(request, by)
}

export function findNegotiator(request: NegotiableRequest): RequestNegotiator | undefined {
  return negotiators.get(request)
}
