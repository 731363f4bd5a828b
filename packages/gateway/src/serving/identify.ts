import type { Challenge, Outcome, Negotiator } from '@s4u/negotiate'
import { isPublic, requirePermitted } from '../sites/rules.js'
import { type CallerRequest, requestOfCaller, type SiteRequest } from '../requests/steps.js'

/**
 * Finds out who calls, and whether the rules let the caller in. Returns the answer in place of a
 * caller where there is one: a challenge, a page to sign in, a redirect.
 * @throws RejectedTokenError S4U_NOT_PERMITTED, and what the negotiator throws
 */
export async function identify(request: SiteRequest, negotiator: Negotiator): Promise<CallerRequest | Challenge> {
  const mode = isPublic(request) ? 'off' : 'required'
  const outcome = await outcomeFor(request, negotiator, mode)
  if (outcome.status === 'challenge') return outcome
  const { headers: answerHeaders } = outcome
  if (outcome.status === 'anonymous')
    return requestOfCaller(request, { caller: undefined, session: undefined, way: 'none', answerHeaders })
  const { identity: caller, session } = outcome
  requirePermitted(caller, request)
  return requestOfCaller(request, { caller, session, way: wayOf(outcome), answerHeaders })
}

function outcomeFor(request: SiteRequest, negotiator: Negotiator, mode: 'off' | 'required'): Promise<Outcome> {
  return request.replyTo.kind === 'upgrade'
    ? negotiator.authenticateUpgrade(request.request, { mode })
    : negotiator.authenticate(request.request, { mode })
}

function wayOf({ by, source }: Extract<Outcome, { status: 'authenticated' }>): string {
  return source ?? (by === 'token' ? 'negotiate' : by)
}
