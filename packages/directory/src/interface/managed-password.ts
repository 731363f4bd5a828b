import type { Keytab } from '@s4u/krb5'
import type { DirectoryAccount } from './directory-account.js'

/** The keys of a group managed service account (gMSA) at this time. Prints no secret. */
export interface ManagedPassword {
  readonly account: DirectoryAccount
  /**
   * The current keys and those before, under the account's own name and each of its service
   * principal names.
   */
  readonly keytab: Keytab
  /** When to ask again; milliseconds since the epoch. */
  readonly queryAt: number
  /** Until when the current keys stay; milliseconds since the epoch. */
  readonly unchangedUntil: number
}
