import type { CallerIdentity, IdentityForOptions, SignInSite } from '@s4u/negotiate'
import { accountOf, type AccountRules, type IssuerClaims } from './account-claim.js'
import { requireAccount } from './require-account.js'

/**
 * Returns the identity of the user of an issuer: the account that the claims name, as the directory
 * knows it.
 * @throws RejectedTokenError S4U_CLAIM_UNUSABLE, KRB_AP_ERR_BADMATCH; as `identityFor`
 */
export async function namedUser(
  claims: IssuerClaims,
  rules: AccountRules,
  site: Pick<SignInSite, 'identityFor' | 'realm'>,
  options: IdentityForOptions,
): Promise<CallerIdentity> {
  const account = await accountOf(claims, rules, await site.realm())
  const identity = await site.identityFor(account.user, options)
  requireAccount(identity, account)
  return identity
}
