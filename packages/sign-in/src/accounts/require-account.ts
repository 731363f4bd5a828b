import { RejectedTokenError } from '@s4u/krb5'
import { type CallerIdentity, userPartOf } from '@s4u/negotiate'
import type { NamedAccount } from './named-account.js'

/**
 * Compares the account that the directory has found with the name that the issuer has sent:
 * directories take `á` for `a` and full-width letters for narrow ones, so that one name may lead to
 * the account of another.
 * @throws RejectedTokenError KRB_AP_ERR_BADMATCH
 */
export function requireAccount(
  identity: Pick<CallerIdentity, 'principal' | 'name' | 'realm' | 'upn' | 'pac'>,
  { form, name }: NamedAccount,
): void {
  const own = accountNameOf(identity)
  if (form === 'given') return requireSameLetters(name, [own, identity.name, identity.upn ?? own], identity)
  const found =
    form === 'userPrincipalName' ? [identity.upn, `${own}@${identity.realm}`, withoutRealm(identity)] : [own]
  if (found.some((one) => one !== undefined && isSame(one, name))) return
  throw anotherAccount(identity)
}

/**
 * Refuses a name that differs from that of the account in accents or the width of letters: it is
 * that of somebody else. An alias, which has other letters, is taken.
 */
function requireSameLetters(name: string, found: readonly string[], identity: Pick<CallerIdentity, 'principal'>): void {
  const part = partBeforeDomain(name)
  const isAlike = found.some((one) => userPartOf(one) === userPartOf(name))
  if (isAlike && !found.some((one) => isSame(partBeforeDomain(one), part))) throw anotherAccount(identity)
}

/** `Alice` of `Alice@AD.TEST` and `AD\Alice`. */
function partBeforeDomain(name: string): string {
  const withoutDomain = name.slice(name.lastIndexOf('\\') + 1).trim()
  const at = withoutDomain.indexOf('@', 1)
  return at < 0 ? withoutDomain : withoutDomain.slice(0, at)
}

function anotherAccount({ principal }: Pick<CallerIdentity, 'principal'>): RejectedTokenError {
  return new RejectedTokenError(`the name that was given is not that of ${principal}, whom the directory has found`, {
    code: 'KRB_AP_ERR_BADMATCH',
    status: 403,
    hint: 'Compare the names letter by letter: the directory takes some letters for others. Rename one of the accounts.',
  })
}

/**
 * The name in LOGON_INFO, which is that of the account where a KDC has left an alias in the ticket.
 */
function accountNameOf({ pac, name }: Pick<CallerIdentity, 'pac' | 'name'>): string {
  const effective = pac?.logonInfo?.effectiveName
  return effective === undefined || effective === '' ? name : effective
}

/**
 * `alice@corp.example` of `alice@corp.example@AD.TEST`, where a KDC without PAC has taken it so.
 */
function withoutRealm({ principal, realm, pac }: Pick<CallerIdentity, 'principal' | 'realm' | 'pac'>) {
  return pac === undefined ? principal.slice(0, -realm.length - 1).replaceAll('\\@', '@') : undefined
}

function isSame(one: string, other: string): boolean {
  return one.normalize('NFC').toLowerCase() === other.normalize('NFC').toLowerCase()
}
