import type { CallerIdentity, IdentityForOptions, SignInSite } from '@s4u/negotiate'
import { vouchedAccount } from '../accounts/vouched-account.js'
import { accountOf, type AccountRules, type IssuerClaims } from './account-claim.js'

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
  return vouchedAccount(await accountOf(claims, rules, await site.realm()), site, options)
}
