/**
 * The declarative form of impersonation: what a route says about it, and what the whole app says.
 * WCF's rules:
 *
 * | route        | impersonateCallerForAllOperations | the handler runs            |
 * | ------------ | --------------------------------- | --------------------------- |
 * | `required`   | any                               | as the caller               |
 * | `allowed`    | false                             | as the service              |
 * | `allowed`    | true                              | as the caller               |
 * | `notAllowed` | false                             | as the service              |
 * | `notAllowed` | true                              | never: an error at start-up |
 */

import { runFor } from '@s4u/fetch'
import { ConfigurationError, S4uError, shownInput } from '@s4u/kdc-client'
import type { CallerIdentity } from '../delegation/caller-identity.js'
import { evidenceOf } from '../delegation/delegator.js'
import { forbidden, type Gate, unknownCaller, type Verdict } from './gate.js'
import { findNegotiator, type ImpersonatingApp } from './negotiator-of-request.js'
import { type Runner, runPlainly } from '../authenticate/outcome.js'
import type { Challenge } from '../http/response.js'
import type { NegotiableRequest } from '../http/request.js'

/** Whether a route runs as its caller: it must, it may, or it must not. */
export type ImpersonationOption = 'required' | 'allowed' | 'notAllowed'

/**
 * Returns the gate of a route, for the negotiator that was created last. An app with one negotiator
 * may declare its routes anywhere. Where a process has several, use `negotiator.impersonation()`.
 *
 * ```ts
 * import { createNegotiator } from '@s4u/negotiate'
 *
 * const negotiator = createNegotiator({ keytab: 'web.keytab' })
 * const asCaller = negotiator.impersonation('required')
 * ```
 *
 * @throws ConfigurationError at once for `notAllowed` where the app impersonates always
 */
export function impersonationGate(option: ImpersonationOption): Gate {
  return gateFor(option, declared.impersonatesAlways, () => {
    declared.notAllowedBefore ||= declared.impersonatesAlways === undefined
  })
}

/** Returns the gate of a route, for one negotiator. @throws ConfigurationError */
export function impersonationGateOf(option: ImpersonationOption, impersonatesAlways: boolean): Gate {
  return gateFor(option, impersonatesAlways)
}

/**
 * Notes a new negotiator. Routes that are declared later belong to it. Routes that were declared
 * before the first negotiator belong to the first one.
 * @throws ConfigurationError if such an earlier route says `notAllowed` and the negotiator always
 * impersonates
 */
export function declareNegotiator(impersonatesAlways: boolean): void {
  const { notAllowedBefore } = declared
  declared.notAllowedBefore = false
  if (notAllowedBefore && impersonatesAlways) throw conflict()
  declared.impersonatesAlways = impersonatesAlways
}

/**
 * Returns the function that runs a handler. If the app always impersonates, the handler runs as
 * the caller; otherwise it runs as the service, for a known caller. For an unknown caller, an app
 * that always impersonates runs the handler without any rights. If this app is mounted in another
 * app, the ambient identity of the other app does not count: this app may not know that caller.
 */
export function runnerFor(identity: CallerIdentity | undefined, app: ImpersonatingApp): Runner {
  const { impersonatesAlways, service } = app
  if (!impersonatesAlways) return (next) => runFor(identity, next, service)
  // Not `impersonate(next)`: Express takes an argument of `next` for an error.
  return identity === undefined ? (next) => runFor(undefined, next) : (next) => identity.impersonate(() => next())
}

/**
 * Returns the 403 for a caller who cannot be impersonated, so that no handler runs; undefined for
 * other callers. Source: WCF, "the service method is not executed".
 */
export function refuseUnmapped(
  request: NegotiableRequest,
  identity: CallerIdentity,
  where: string,
): Challenge | undefined {
  try {
    evidenceOf(identity)
    return undefined
  } catch (error) {
    if (S4uError.is(error))
      return forbidden(request, identity, `cannot be impersonated, which ${where}`, { cause: error })
    throw error
  }
}

/**
 * State of the process: it lets `impersonation('notAllowed')` fail at start-up, although a route
 * learns only from its first request to which negotiator it belongs.
 */
const declared: { impersonatesAlways: boolean | undefined; notAllowedBefore: boolean } = {
  impersonatesAlways: undefined,
  notAllowedBefore: false,
}

function gateFor(
  option: ImpersonationOption,
  impersonatesAlways: boolean | undefined,
  onNotAllowed?: () => void,
): Gate {
  switch (option) {
    case 'required':
      return (request, identity) => asCaller(request, identity)
    case 'allowed':
      return (request, identity) => ({ status: 'pass', run: asAllowed(request, identity) })
    case 'notAllowed':
      if (impersonatesAlways) throw conflict()
      onNotAllowed?.()
      return (request, identity) => asService(request, identity)
    default:
      throw new ConfigurationError(`impersonation must be required, allowed or notAllowed, not ${shownInput(option)}`)
  }
}

/** Runs the handler as the caller. A caller who cannot be impersonated never reaches it. */
function asCaller(request: NegotiableRequest, identity: CallerIdentity | undefined): Verdict {
  if (identity === undefined) return unknownCaller(request)
  const refusal = refuseUnmapped(request, identity, 'this route requires')
  return refusal ?? { status: 'pass', run: runnerFor(identity, { impersonatesAlways: true }) }
}

/** Runs the handler as the surrounding routes or the app have said. */
function asAllowed(request: NegotiableRequest, identity: CallerIdentity | undefined): Runner {
  return alwaysFor(request) ? runnerFor(identity, { impersonatesAlways: true }) : runPlainly
}

/**
 * Runs the handler as the service, also within a router that requires impersonation: the innermost
 * declaration counts.
 */
function asService(request: NegotiableRequest, identity: CallerIdentity | undefined): Verdict {
  // True only for a route that was declared for another negotiator than the one in front of it.
  if (alwaysFor(request)) throw conflict()
  const service = findNegotiator(request)?.service
  return { status: 'pass', run: (next) => runFor(identity, next, service) }
}

function alwaysFor(request: NegotiableRequest): boolean {
  return findNegotiator(request)?.impersonatesAlways ?? false
}

function conflict(): ConfigurationError {
  return new ConfigurationError(
    'a route says impersonation notAllowed, but impersonateCallerForAllOperations is true',
    {
      hint: 'Take one of the two back. Where several negotiators share a process, declare the route with negotiator.impersonation().',
    },
  )
}
