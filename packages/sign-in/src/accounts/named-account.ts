/**
 * What a name of an account is: the whole user principal name, its first part, or the account's
 * own.
 */
export type AccountForm = 'userPrincipalName' | 'userPart' | 'samAccountName'

/** The name of an account, and how the answer of the directory is compared with it. */
export interface NamedAccount {
  readonly user: string
  readonly form: AccountForm | 'given'
  /** The name without the realm. */
  readonly name: string
}

/**
 * Returns a user principal name as one for `identityFor`. `alice@ad.test` may be that of one
 * account while another one is called `alice`: with the realm behind it, the KDC looks among user
 * principal names first. Source: MS-KILE section 3.3.5.6.1.
 */
export function enterpriseName(upn: string, realm: string): string {
  return `${upn}@${realm}`
}

/** Returns the account of a name as `identityFor` takes it. */
export function givenAccount(user: string): NamedAccount {
  return { user, form: 'given', name: user }
}
