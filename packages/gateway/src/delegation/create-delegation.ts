import type { SiteSettings } from '../configuration/gateway-options.js'
import { asTicket } from './as-ticket.js'
import { asNobody } from './as-nobody.js'
import { asTypedPassword } from './as-typed-password.js'
import type { DelegationDeps } from './delegation-deps.js'
import type { InnerCredential, SiteDelegation } from './site-delegation.js'

/**
 * Returns how the inner servers of a site learn who the user is, with each request: by a ticket in
 * the name of the user, by the password that the user has typed, or not at all.
 */
export function createDelegation(site: SiteSettings, deps: DelegationDeps): SiteDelegation {
  const { as, userHeaders: saysWho } = site.delegation
  const way = { kerberos: asTicket, basic: asTypedPassword, none: asNobody }[as](site, deps)
  if (!saysWho) return way
  return {
    passesChallenges: way.passesChallenges,
    async credentialFor(request, member, signal) {
      return withHeaders(await way.credentialFor(request, member, signal), {
        ...(await deps.userHeaders(request.caller)),
      })
    },
  }
}

/** The retry of a request says the same. */
function withHeaders(credential: InnerCredential, more: InnerCredential['headers']): InnerCredential {
  return {
    headers: { ...credential.headers, ...more },
    judge(answer) {
      const verdict = credential.judge(answer)
      if (verdict.use !== 'retry') return verdict
      return {
        use: 'retry',
        async again() {
          const next = await verdict.again()
          return next && withHeaders(next, more)
        },
      }
    },
  }
}
