import type { CallOptions } from '../interface/directory.js'

/** The account that a service is to have. */
export interface JoinOptions extends CallOptions {
  /** `computer` for a machine, `user` for an account of a service. */
  readonly kind: 'computer' | 'user'
  /** `WEB01` or `svc-web`. */
  readonly name: string
  /** What the account answers to, beside `host/…` of a computer: `['HTTP/web.corp.test']`. */
  readonly servicePrincipalNames?: readonly string[]
  /** The name of a computer in DNS. Default: its name and the domain. */
  readonly dnsHostName?: string
  /**
   * Where a new account goes, a distinguished name. Default: where the directory puts such
   * accounts.
   */
  readonly container?: string
  /** Encryption types of tickets (RFC 3961). Default: `[18, 17]`. */
  readonly encryptionTypes?: readonly number[]
  /** Services that it may call in users' names, beside those that it may call already. */
  readonly delegateTo?: readonly string[]
  /** Whether it may vouch for users who signed in without Kerberos. Default: as it is. */
  readonly protocolTransition?: boolean
  /**
   * Whether an account that is there already gets a new password, with which its keytabs go out of
   * date. Default: it is an error that the account is there.
   */
  readonly takeOver?: boolean
  /**
   * SIDs that may own an account that is taken over, beside the groups of administrators. Default:
   * none, since the owner can set the password again.
   */
  readonly trustedOwners?: readonly string[]
  /**
   * Keeps the password until its keys are written. Default: the password is lost if a later step
   * fails.
   */
  readonly passwordKeeper?: PasswordKeeper
}

/**
 * Where a password is kept between the moment that it is set and the moment that its keys are
 * written.
 */
export interface PasswordKeeper {
  /** Called before the password is set. What it throws ends the join, and nothing is changed. */
  save(password: string): void | Promise<void>
  /** Called when the directory has refused to set it. */
  discard(): void | Promise<void>
}
