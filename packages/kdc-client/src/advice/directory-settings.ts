/** The settings that decide about delegation, each with the command for every directory. */

import type { DirectorySetting } from '../errors/directory-setting.js'
import { bareName, nameForCommand, realmOf } from './advice.js'
import { authDataRequired } from './request-advice.js'
import { everyShell, mitAndFreeIpa } from './same-command.js'
import { NO_COMMAND, powershell, sh } from './shell-command.js'

export function allowTarget(account: string, target: string): DirectorySetting {
  const [asker, spn] = [bareName(account), bareName(target)]
  const others = '   # name with it the targets that it has already: the list is made anew'
  return {
    attribute: `msDS-AllowedToDelegateTo of ${account} must list ${spn}`,
    activeDirectory: powershell`Set-ADObject (Get-ADObject -Filter {${nameAttribute(asker)} -eq ${{ quoted: asker }}}) -Add @{'msDS-AllowedToDelegateTo'=${{ quoted: spn }}}`,
    samba: sh`samba-tool delegation add-service ${asker} ${spn}`,
    mit: addToDelegationList(account, target),
    heimdal: sh`kadmin -l modify --constrained-delegation=${withRealm(target, account)} ${account}` + others,
    freeIpa: delegationRule(asker, spn),
  }
}

/**
 * Returns the attribute in which the directory has a name: that of an account, or a user principal
 * name.
 */
function nameAttribute(name: string): string {
  return name.includes('@') ? 'userPrincipalName' : 'sAMAccountName'
}

/**
 * Adds the realm to a target. Lists of MIT and Heimdal contain principals with their realms, and
 * are compared letter by letter.
 */
function withRealm(target: string, account: string): string {
  return target.includes('@') ? target : `${target}@${realmOf(account)}`
}

function addToDelegationList(account: string, target: string): string {
  const ldif = `'dn: krbPrincipalName=%s,cn=%s,CONTAINER\\nchangetype: modify\\nadd: krbAllowedToDelegateTo\\nkrbAllowedToDelegateTo: %s\\n'`
  const command = sh` ${inDn(account)} ${realmOf(account)} ${withRealm(target, account)} | ldapmodify -Y EXTERNAL -H ldapi:///`
  return printf(ldif, command)
}

/**
 * Escapes a principal for a DN. The tag `sh` refuses the backslash, so no command is made from a
 * name that has to be escaped.
 */
function inDn(principal: string): string {
  return principal.replace(/[,+="<>#;\\]/g, '\\$&')
}

function printf(ldif: string, command: string): string {
  if (command === NO_COMMAND) return command
  return `printf ${ldif}${command}   # CONTAINER: ldap_kerberos_container_dn of kdc.conf; DB2 has no delegation lists`
}

/**
 * Returns the commands for a rule that says who delegates, and a group of its targets. They do no
 * harm if rule or group exist already.
 */
function delegationRule(asker: string, spn: string): string {
  return [
    sh`ipa servicedelegationtarget-add ${ruleName(spn)}-targets`,
    sh`ipa servicedelegationtarget-add-member ${ruleName(spn)}-targets --principals=${spn}`,
    sh`ipa servicedelegationrule-add ${ruleName(asker)}-rule`,
    sh`ipa servicedelegationrule-add-member ${ruleName(asker)}-rule --principals=${asker}`,
    sh`ipa servicedelegationrule-add-target ${ruleName(asker)}-rule --servicedelegationtargets=${ruleName(spn)}-targets`,
  ].join('; ')
}

/** Returns the name of the rule for a target: `HTTP-web.ipa.test` for `HTTP/web.ipa.test`. */
function ruleName(spn: string): string {
  return spn.replaceAll(/[/:]/g, '-')
}

export function allowOnTarget(account: string, target: string): DirectorySetting {
  const [asker, spn] = [bareName(account), bareName(target)]
  const find = powershell`-Filter {servicePrincipalName -eq ${{ quoted: spn }}}`
  const allow = powershell`-PrincipalsAllowedToDelegateToAccount (Get-ADObject -Filter {${nameAttribute(asker)} -eq ${{ quoted: asker }}})`
  const isCommand = find !== NO_COMMAND && allow !== NO_COMMAND
  return {
    attribute: `or msDS-AllowedToActOnBehalfOfOtherIdentity of the account of ${spn} must name ${account} (resource-based; MIT and Heimdal have no such lists)`,
    activeDirectory: isCommand
      ? `Get-ADComputer ${find} | Set-ADComputer ${allow}; Get-ADUser ${find} | Set-ADUser ${allow}   # the list is made anew`
      : NO_COMMAND,
    samba: sh`samba-tool delegation add-principal ACCOUNT ${asker}   # ACCOUNT: the one that has ${spn}; heeded from Samba 4.19 on`,
    freeIpa: sh`ipa service-add-delegation ${spn} ${asker}`,
  }
}

export function allowTransition(account: string): DirectorySetting {
  return {
    attribute: `userAccountControl of ${account} must have TRUSTED_TO_AUTH_FOR_DELEGATION (0x1000000)`,
    activeDirectory: powershell`Set-ADAccountControl ${bareName(account)} -TrustedToAuthForDelegation $true`,
    samba: sh`samba-tool delegation for-any-protocol ${bareName(account)} on`,
    mit: sh`kadmin.local modprinc +ok_to_auth_as_delegate ${account}`,
    heimdal: sh`kadmin -l modify --attributes=+trusted-for-delegation ${account}`,
    freeIpa: sh`ipa service-mod ${bareName(account)} --ok-to-auth-as-delegate=true`,
  }
}

/** Before the command that takes a protection away: somebody may have wanted it. */
const ON_PURPOSE = 'this protects from delegation: if it is meant so, leave it'

/**
 * Clears `NOT_DELEGATED` of a user or a service.
 *
 * @param andThen what must be done as well before the change has an effect
 */
export function clearSensitive(account: string, andThen = ''): DirectorySetting {
  return {
    attribute: `userAccountControl of ${account} must not have NOT_DELEGATED (0x100000, "sensitive")${andThen}; ${ON_PURPOSE}`,
    activeDirectory: powershell`Set-ADAccountControl ${bareName(account)} -AccountNotDelegated $false`,
    samba: sh`samba-tool user sensitive ${bareName(account)} off`,
    ...mitAndFreeIpa(sh`kadmin.local modprinc +allow_forwardable ${nameForCommand(account)}`),
    heimdal: sh`kadmin -l modify --attributes=-disallow-forwardable ${nameForCommand(account)}`,
  }
}

export function leaveProtectedUsers(user: string, andThen = ''): DirectorySetting {
  return {
    attribute: `${user} must not be in the group Protected Users${andThen}; ${ON_PURPOSE}`,
    activeDirectory: powershell`Remove-ADGroupMember 'Protected Users' -Members ${bareName(user)}`,
    samba: sh`samba-tool group removemembers 'Protected Users' ${bareName(user)}`,
  }
}

/** Tells the user to ask for a forwardable ticket. Windows always does. */
export function askForwardable(user: string): DirectorySetting {
  return {
    attribute: `${user} must ask for a forwardable ticket: forwardable = true in [libdefaults] of the client’s krb5.conf, or`,
    ...everyShell(sh`kinit -f ${nameForCommand(user)}`),
  }
}

/** Turns `forwardable` on in the krb5.conf of this client. */
export function turnForwardableOn(): DirectorySetting {
  return {
    attribute:
      'Set forwardable: true in the options of the KDC client, which go before krb5.conf, or take forwardable = false out of [libdefaults] there.',
  }
}

export function restorePac(account: string): DirectorySetting {
  return {
    attribute: `userAccountControl of ${account} must not have NO_AUTH_DATA_REQUIRED (0x2000000), and sign-in must ask for a PAC (pac: true), that of the service as that of the user`,
    ...authDataRequired(bareName(account), account),
  }
}

export function registerSpn(account: string): DirectorySetting {
  const host = '   # HOST: the full name of this host'
  return {
    attribute: `servicePrincipalName of ${account} must list HTTP/HOST`,
    activeDirectory: powershell`setspn -S HTTP/HOST ${bareName(account)}` + host,
    samba: sh`samba-tool spn add HTTP/HOST ${bareName(account)}` + host,
    ...mitAndFreeIpa(sh`kadmin.local modprinc +allow_svr ${account}`),
    heimdal: sh`kadmin -l modify --attributes=-disallow-svr ${account}`,
  }
}

/**
 * Tells the KDC of a user's realm where a service is that was asked for by name and realm. MIT's
 * KDC has the service as an alias of the principal of the trust. Active Directory and Heimdal need
 * no such setting, or have none.
 */
export function nameServiceAt(realm: string, account: string): DirectorySetting {
  const ldif = `'dn: krbPrincipalName=%s,cn=%s,CONTAINER\\nchangetype: modify\\nadd: krbPrincipalName\\nkrbPrincipalName: %s\\n-\\nreplace: krbCanonicalName\\nkrbCanonicalName: %s\\n'`
  const trust = `krbtgt/${realmOf(account)}@${realm}`
  const command = sh` ${trust} ${realm} ${{ quoted: `${account}@${realm}` }} ${trust} | ldapmodify -Y EXTERNAL -H ldapi:///`
  return {
    attribute: `the KDC of ${realm} does not know in which realm ${account} is: it needs a trust with ${realmOf(account)}, and, where it is one of MIT, the name of the service as an alias of that`,
    activeDirectory: 'Get-ADTrust -Filter *',
    samba: 'samba-tool domain trust list',
    mit: printf(ldif, command.replace(`${account}@`, `${account.replace('/', '\\/')}@`)),
  }
}

/** For an evidence ticket that is for another service than the one that shows it. */
export function ownName(account: string): DirectorySetting {
  return {
    attribute: `the ticket must be for a service principal name of ${account}, and the user must ask for it by that name`,
    activeDirectory: powershell`setspn -L ${bareName(account)}`,
    samba: sh`samba-tool spn list ${bareName(account)}`,
    ...mitAndFreeIpa(sh`kadmin.local getprinc ${account}`),
    heimdal: sh`kadmin -l get ${account}`,
  }
}

/**
 * For an evidence ticket that is sealed with a key that the KDC does not have, or no longer has.
 */
export function freshTicket(account: string, user: string): DirectorySetting {
  return {
    attribute: `the ticket must be sealed with the present key of ${account}: ${user} has to get a new one, where he signed in`,
    activeDirectory: 'klist purge',
    ...everyShell(sh`kinit ${nameForCommand(user)}`),
  }
}
