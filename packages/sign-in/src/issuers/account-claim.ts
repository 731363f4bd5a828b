import { type AccountForm, enterpriseName, type NamedAccount } from '../accounts/named-account.js'
import { asciiLower, ConfigurationError, RejectedTokenError, requireGiven, requireOneOf, shownInput } from '@s4u/krb5'

/** What an issuer says of a user: the payload of a token. */
export type IssuerClaims = Readonly<Record<string, unknown>>

/**
 * Returns the name of the account of a user, as `identityFor` takes it, and undefined for nobody.
 */
export type AccountOfClaims = (claims: IssuerClaims) => string | undefined | Promise<string | undefined>

/** Which account of the directory a user of an issuer is. */
export interface AccountClaimOptions {
  /**
   * The claim that names the account, or a function that returns its name. `email` is refused:
   * issuers let people choose it. `preferred_username` people may change too, so name it only where
   * the issuer forbids that. Example: `claim: 'upn'`.
   */
  readonly claim: string | AccountOfClaims
  /**
   * What the claim has. `userPrincipalName` (default): a whole name, `alice@corp.example`, which
   * the directory looks up among user principal names. `userPart`: such a name, of which the part
   * before the `@` is the account's own name; needs `suffixes`. `samAccountName`: the account's own
   * name.
   */
  readonly account?: AccountForm
  /**
   * The parts behind the `@` that are accepted. Default: each, except for `userPart`, where another
   * organisation of the same issuer could have an `alice` too. Example:
   * `suffixes: ['corp.example']`.
   */
  readonly suffixes?: readonly string[]
}

const FORMS = ['userPrincipalName', 'userPart', 'samAccountName'] as const

/** Longer ones are no names: a user principal name has at most 1,024 characters. */
const MAX_NAME = 1_024

/** The rules that a source has checked at its start. */
export interface AccountRules {
  readonly claim: string | AccountOfClaims
  readonly account: AccountForm
  readonly suffixes: readonly string[] | undefined
}

/** @param owner the source, for the message: `oidc` */
export function accountRules(owner: string, options: AccountClaimOptions): AccountRules {
  const { claim, account = 'userPrincipalName', suffixes } = options
  if (typeof claim !== 'function') requireClaimName(owner, claim)
  requireOneOf(`${owner}: account`, account, FORMS)
  const hint = "Write suffixes: ['corp.example']."
  if (suffixes !== undefined) requireGiven(`${owner}: suffixes`, suffixes, 'list of texts', hint)
  if (account === 'userPart' && typeof claim !== 'function' && (suffixes ?? []).length === 0)
    throw new ConfigurationError(`${owner}: account: 'userPart' needs suffixes`, {
      hint: "Write suffixes: ['corp.example'], the domains whose users are those of the directory: alice@partner.example is somebody else.",
    })
  return Object.freeze({ claim, account, suffixes: suffixes?.map(asciiLower) })
}

function requireClaimName(owner: string, claim: unknown): void {
  requireGiven(`${owner}: claim`, claim, 'text', "Write claim: 'upn', or a function of the claims.")
  if (claim === '' || claim === 'email' || claim === 'sub')
    throw new ConfigurationError(`${owner}: claim: ${shownInput(claim)} does not name an account`, {
      hint: "Have the issuer send the user principal name or sAMAccountName (in Entra an optional claim), and write claim: 'upn' or its name. People choose their mail address by themselves; what `sub` means only the issuer knows: map it in a function.",
    })
}

/**
 * Returns the account that the claims name.
 * @throws RejectedTokenError S4U_CLAIM_UNUSABLE; ConfigurationError for a function that returns
 * something else
 */
export async function accountOf(claims: IssuerClaims, rules: AccountRules, realm: string): Promise<NamedAccount> {
  const { claim, account, suffixes } = rules
  if (typeof claim === 'function') return { ...givenBy(await claim(claims)), form: 'given' }
  const value: unknown = Object.hasOwn(claims, claim) ? claims[claim] : undefined
  if (value === undefined) throw unusable(claim, 'is missing')
  if (typeof value !== 'string') throw unusable(claim, 'is not a text')
  if (value.length > MAX_NAME || !PLAIN.test(value)) throw unusable(claim, 'has characters that are in no name')
  const [name, suffix, more] = value.split('@')
  if (account === 'samAccountName') {
    if (suffix !== undefined || !SAM_ACCOUNT_NAME.test(value)) throw unusable(claim, 'is not a sAMAccountName')
    return { user: `${value}@${realm}`, form: account, name: value }
  }
  if (suffix === undefined || name === '' || suffix === '' || more !== undefined)
    throw unusable(claim, 'is not of the form name@domain')
  if (suffixes !== undefined && !suffixes.includes(asciiLower(suffix))) throw unusable(claim, 'is of another domain')
  if (account === 'userPrincipalName') return { user: enterpriseName(value, realm), form: account, name: value }
  if (!SAM_ACCOUNT_NAME.test(name)) throw unusable(claim, 'does not begin with a sAMAccountName')
  return { user: `${name}@${realm}`, form: account, name }
}

function givenBy(user: unknown): { readonly user: string; readonly name: string } {
  if (typeof user === 'string' && user !== '') return { user, name: user }
  if (user === undefined) throw unusable('the function', 'names nobody')
  throw new ConfigurationError('claim: the function must return a name or undefined', {
    hint: "Return 'alice', 'alice@AD.TEST' or 'CORP\\\\alice', and undefined for nobody.",
  })
}

/**
 * Nothing that is a separator of names here or in a directory, no controls, no spaces at the ends.
 */
const PLAIN = /^(?!\s)[^/\\\p{C}\p{Zl}\p{Zp}]+(?<!\s)$/u

/** Source: MS-SAMR section 3.1.1.6. A computer's name ends in `$`: no person is one. */
const SAM_ACCOUNT_NAME = /^(?!.*[.$]$)[^"/\\[\]:;|=,+*?<>@\p{C}]{1,256}$/u

function unusable(claim: string, because: string): RejectedTokenError {
  return new RejectedTokenError(`the claim ${claim} ${because}`, {
    code: 'S4U_CLAIM_UNUSABLE',
    status: 403,
    hint: 'Have the issuer send the name of the account in this claim, or choose another claim, form or function.',
  })
}
