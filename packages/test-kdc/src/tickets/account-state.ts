import { asciiLower } from '@s4u/krb5'
import type { Account } from '../directory/account.js'
import { refuse } from '../kdc/refusal.js'

/** Accounts that may not be used at all, whoever asks. Source: MS-KILE section 3.3.5.7.1. */
export function requireUsableAccount({ name, settings }: Account): void {
  if (settings.disabled)
    refuse('KDC_ERR_CLIENT_REVOKED', `${name} is disabled`, { ntStatus: 'STATUS_ACCOUNT_DISABLED' })
  if (settings.lockedOut)
    refuse('KDC_ERR_CLIENT_REVOKED', `${name} is locked out`, { ntStatus: 'STATUS_ACCOUNT_LOCKED_OUT' })
  if (settings.expired) refuse('KDC_ERR_CLIENT_REVOKED', `${name} has expired`, { ntStatus: 'STATUS_ACCOUNT_EXPIRED' })
}

/** Only who knows the password learns that it must be changed, and may still ask for a ticket to change it. */
export function requireFreshPassword({ name, settings }: Account, service: readonly string[]): void {
  if (!settings.mustChangePassword || asciiLower(service.join('/')) === 'kadmin/changepw') return
  refuse('KDC_ERR_KEY_EXPIRED', `${name} must change the password`, { ntStatus: 'STATUS_PASSWORD_MUST_CHANGE' })
}

/** Whether the account's tickets may ever be forwarded. */
export function isDelegable({ settings }: Account): boolean {
  return settings.sensitive !== true && settings.protected !== true
}
