import { RejectedTokenError } from '@s4u/krb5'
import type { CallerIdentity, IdentityForOptions, SignInSite } from '@s4u/negotiate'
import type { NamedAccount } from './named-account.js'
import { requireAccount } from './require-account.js'

/**
 * Returns the identity of an account that somebody else than the KDC has named, once the
 * directory's answer is about that account.
 *
 * Samba leaves a user principal name in the ticket, and backends would see `alice@ad.test@AD.TEST`;
 * therefore the account that it leads to is asked for once more, by its own name.
 * @throws RejectedTokenError KRB_AP_ERR_BADMATCH; as `identityFor`
 */
export async function vouchedAccount(
  account: NamedAccount,
  site: Pick<SignInSite, 'identityFor'>,
  options: IdentityForOptions,
): Promise<CallerIdentity> {
  const found = await site.identityFor(account.user, options)
  requireAccount(found, account)
  // Without a PAC nobody says whose alias it is, and without a ticket nobody sees it.
  const isAlias = account.form === 'userPrincipalName' && found.sid !== undefined
  if (!isAlias || options.level === 'identification') return found
  const identity = await site.identityFor(found.principal, options)
  if (identity.sid === found.sid && identity.principal === found.principal) return identity
  throw new RejectedTokenError(`${found.principal} is another account than the one of its user principal name`, {
    code: 'KRB_AP_ERR_BADMATCH',
    status: 403,
    hint: 'The account was renamed at this moment, or two accounts have the name: look them up in the directory.',
  })
}
