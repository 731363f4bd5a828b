import { challengeSchemes, RejectedTokenError } from '@s4u/negotiate'
import type { SiteSettings } from '../configuration/gateway-options.js'
import { nameOfSite } from '../requests/name-of-site.js'
import type { CallerRequest } from '../requests/steps.js'
import type { DelegationDeps } from './delegation-deps.js'
import { tellRefusal } from './inner-refusal.js'
import { type InnerCredential, PASS, type SiteDelegation } from './site-delegation.js'

/**
 * Each request carries the name and the password that its user has typed at the gateway: for inner
 * servers that know no Kerberos. Source: RFC 7617.
 */
export function asTypedPassword(site: SiteSettings, { operation, passwords }: DelegationDeps): SiteDelegation {
  return {
    passesChallenges: false,
    async credentialFor(request, member) {
      if (request.caller === undefined) return WITHOUT_USER
      const typed = passwords?.of(request)
      if (typed === undefined) throw gone(site, request)
      return {
        headers: { authorization: typed.authorization() },
        judge({ statusCode, challenges }) {
          const schemes = challengeSchemes(challenges)
          if (statusCode === 401)
            tellRefusal(operation, { request, member, given: 'the password', scheme: 'basic', schemes })
          return PASS
        },
      }
    },
  }
}

const WITHOUT_USER: InnerCredential = { headers: {}, judge: () => PASS }

function gone(site: SiteSettings, { caller, way }: CallerRequest): RejectedTokenError {
  return new RejectedTokenError(`${nameOfSite(site)} wants the password of ${caller?.principal}, who came by ${way}`, {
    code: 'S4U_PASSWORD_GONE',
    hint: 'The user has to sign out and to type the password again: it was typed too long ago, at another instance, or not at all. Offer only form and basic in signIn of this site.',
  })
}
