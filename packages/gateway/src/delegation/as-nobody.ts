import { challengeSchemes } from '@s4u/negotiate'
import type { SiteSettings } from '../configuration/gateway-options.js'
import type { CallerRequest } from '../requests/steps.js'
import type { DelegationDeps } from './delegation-deps.js'
import { tellRefusal } from './inner-refusal.js'
import { PASS, type SiteDelegation } from './site-delegation.js'

/**
 * The inner server learns nothing of the user from the gateway. With `direct` users may
 * authenticate there themselves: what they send for it passes, and so do its challenges.
 */
export function asNobody(
  { delegation: { direct } }: SiteSettings,
  { operation, schemesOfGateway }: DelegationDeps,
): SiteDelegation {
  return {
    passesChallenges: direct,
    async credentialFor(request, member) {
      return {
        headers: direct ? ownCredential(request, schemesOfGateway) : {},
        judge({ statusCode, challenges }) {
          const schemes = challengeSchemes(challenges)
          if (statusCode === 401 && !direct)
            tellRefusal(operation, { request, member, given: 'nothing', scheme: undefined, schemes })
          return PASS
        },
      }
    },
  }
}

/** What signed the user in at the gateway is for the gateway alone, and so is any ticket. */
const FOR_THE_GATEWAY: readonly string[] = ['basic', 'bearer', 'digest', 'negotiate', 'ntlm', 'token']

/** With a session, or at a public path, what is for the gateway comes all the same. */
function ownCredential(
  { request, way }: CallerRequest,
  schemesOfGateway: ReadonlySet<string>,
): { readonly authorization?: string } {
  const { authorization } = request.headers
  if (authorization === undefined || FOR_THE_GATEWAY.includes(way)) return {}
  const [, scheme] = /^(basic|bearer)\s/i.exec(authorization) ?? []
  return scheme === undefined || schemesOfGateway.has(scheme.toLowerCase()) ? {} : { authorization }
}
