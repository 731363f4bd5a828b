import { asciiUpper } from '@s4u/krb5'
import type { DirectorySetting } from '../errors/directory-setting.js'
import { type AdviceAbout, bareName, nameForCommand, realmOf, type RequestFacts } from './advice.js'
import { TRUSTS } from './request-advice.js'
import { mitAndFreeIpa } from './same-command.js'
import { findBySpn } from './samba-edit.js'
import { powershell, sh } from './shell-command.js'

/** The advice if the account that signs in does not exist, or not under this name. */
export function unknownClient(about: AdviceAbout): DirectorySetting {
  const { principal, name, facts } = about
  const spelling = facts.otherSpelling?.(realmOf(principal))
  if (spelling !== undefined)
    return {
      attribute: `The KDC knows no account ${principal}. Realms are case-sensitive, and krb5.conf has [realms] ${spelling}: write ${name}@${spelling}.`,
    }
  return name.includes('/') ? spnAsClient(about) : noAccount(about)
}

function noAccount({ principal, name }: AdviceAbout): DirectorySetting {
  const realm = realmOf(principal)
  const capitals =
    realm === asciiUpper(realm) ? '' : ` Realms are mostly in capitals: is it ${name}@${asciiUpper(realm)}?`
  return {
    attribute: `The KDC knows no account ${principal}.${capitals} Look at the spelling of the name and of the realm; a name with another suffix than the realm needs enterprise: true. Accounts that are called alike:`,
    ...accountsLike(name),
  }
}

/**
 * The advice if a service principal name signs in. A client is an account, named by its own name or
 * its user principal name. Source: MS-KILE section 3.3.5.6.1.
 */
function spnAsClient({ principal, name, facts }: AdviceAbout): DirectorySetting {
  const file = facts.credentials?.kind === 'keytab' ? (facts.credentials.file ?? 'its keytab') : undefined
  const keytab = file === undefined ? '' : ` Export the keys of the account to ${file} as well;`
  return {
    attribute: `The KDC knows no account ${principal}. On Active Directory and Samba a service signs in by its account name (svc-web), not by an SPN (HTTP/web).${keytab} name the account in principal (of createNegotiator: delegation.principal). Which one it is:`,
    activeDirectory: powershell`setspn -Q ${name}`,
    samba: findBySpn(sh`(servicePrincipalName=${name})`),
    mit: sh`kadmin.local getprinc ${nameForCommand(principal)}`,
    heimdal: sh`kadmin -l get ${nameForCommand(principal)}`,
    freeIpa: sh`ipa service-show ${nameForCommand(principal)}`,
  }
}

/**
 * Returns the hint for a user whom the KDC of the service does not know.
 *
 * @param account the account of the service
 */
export function unknownUser(
  user: string,
  account: string,
  { askedRealm, otherSpelling }: RequestFacts,
): DirectorySetting {
  const foreign = foreignUser(user, realmOf(account), askedRealm)
  if (foreign !== undefined) {
    const realm = realmOf(foreign)
    const spelling = otherSpelling?.(realm)
    const spelt = spelling === undefined ? '' : ` Realms are case-sensitive, and krb5.conf has [realms] ${spelling}.`
    return {
      attribute: `The KDC of ${askedRealm ?? realmOf(account)} finds no user ${foreign}: there is no such user, no trust leads to ${realm}, or this KDC does not vouch for users of other realms at all, as Samba up to 4.22: then such a user has to present a ticket.${spelt}`,
      ...TRUSTS,
    }
  }
  return {
    attribute: `The KDC knows no user ${user}. Write name@REALM, or the user principal name. Users who are called alike:`,
    ...accountsLike(bareName(user)),
  }
}

/**
 * Returns `oscar@OTHER.TEST` for `oscar@OTHER.TEST@AD.TEST`, which is how an enterprise name of the
 * own realm is printed.
 */
function foreignUser(user: string, ownRealm: string, askedRealm = ownRealm): string | undefined {
  const withinRealm = user.endsWith(`@${ownRealm}`) ? user.slice(0, -ownRealm.length - 1) : user
  if (!withinRealm.includes('@')) return undefined
  const foreign = withinRealm.replaceAll('\\@', '@')
  // The KDC of that realm has answered itself, so the user is not in another realm.
  return askedRealm === realmOf(foreign) ? undefined : foreign
}

function accountsLike(name: string) {
  return {
    activeDirectory: powershell`Get-ADUser -Filter {anr -eq ${{ quoted: name }}}`,
    samba: sh`samba-tool user list | grep -i ${name}`,
    ...mitAndFreeIpa(sh`kadmin.local listprincs '*${name}*'`),
    heimdal: sh`kadmin -l list '*${name}*'`,
    freeIpa: sh`ipa user-find ${name}`,
  }
}
