import { asciiLower } from '@s4u/krb5'
import type { Account } from '../directory/account.js'
import { refuse } from '../kdc/refusal.js'

/**
 * Refuses accounts that cannot be used: disabled, expired, locked out. Source: MS-KILE section
 * 3.3.5.7.1.
 */
export function requireUsableAccount({ name, settings }: Account): void {
  if (settings.disabled)
    refuse('KDC_ERR_CLIENT_REVOKED', `${name} is disabled`, { ntStatus: 'STATUS_ACCOUNT_DISABLED' })
  if (settings.lockedOut)
    refuse('KDC_ERR_CLIENT_REVOKED', `${name} is locked out`, { ntStatus: 'STATUS_ACCOUNT_LOCKED_OUT' })
  if (settings.expired) refuse('KDC_ERR_CLIENT_REVOKED', `${name} has expired`, { ntStatus: 'STATUS_ACCOUNT_EXPIRED' })
}

/**
 * Refuses a password that must be changed, except for a ticket to the password server. It is called
 * after pre-authentication, so only those who know the password learn that it must be changed.
 */
export function requireFreshPassword({ name, settings }: Account, service: readonly string[]): void {
  if (!settings.mustChangePassword || asciiLower(service.join('/')) === 'kadmin/changepw') return
  refuse('KDC_ERR_KEY_EXPIRED', `${name} must change the password`, { ntStatus: 'STATUS_PASSWORD_MUST_CHANGE' })
}

/** Says whether tickets of the account can be forwardable. */
export function isDelegable({ settings }: Account): boolean {
  return settings.sensitive !== true && settings.protected !== true
}
