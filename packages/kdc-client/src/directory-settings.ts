/** The settings that decide about delegation, with the command that makes each, by directory. */

import { bareName, nameForCommand } from './advice.js'
import type { DirectorySetting } from './errors.js'
import { NO_COMMAND, powershell, sh } from './shell-command.js'

export function allowTarget(account: string, target: string): DirectorySetting {
  const [asker, spn] = [bareName(account), bareName(target)]
  return {
    attribute: `msDS-AllowedToDelegateTo of ${account} must list ${spn}`,
    activeDirectory: powershell`Set-ADObject (Get-ADObject -Filter {${nameAttribute(asker)} -eq ${{ quoted: asker }}}) -Add @{'msDS-AllowedToDelegateTo'=${{ quoted: spn }}}`,
    samba: sh`samba-tool delegation add-service ${asker} ${spn}`,
    mit: addToDelegationList(account, target),
  }
}

/** In which attribute the directory has a name: that of an account, or a user principal name. */
function nameAttribute(name: string): string {
  return name.includes('@') ? 'userPrincipalName' : 'sAMAccountName'
}

/** The list holds principals with their realms, and compares them to the letter. */
function addToDelegationList(account: string, target: string): string {
  const realm = account.slice(account.lastIndexOf('@') + 1)
  const listed = target.includes('@') ? target : `${target}@${realm}`
  // What a DN would have to escape, no command is made of.
  const named = account.replace(/[,+="<>#;\\]/g, '\\$&')
  const ldif = `'dn: krbPrincipalName=%s,cn=%s,CONTAINER\\nchangetype: modify\\nadd: krbAllowedToDelegateTo\\nkrbAllowedToDelegateTo: %s\\n'`
  const command = sh` ${named} ${realm} ${listed} | ldapmodify -Y EXTERNAL -H ldapi:///`
  if (command === NO_COMMAND) return command
  return `printf ${ldif}${command}   # CONTAINER: ldap_kerberos_container_dn of kdc.conf; DB2 has no delegation lists`
}

export function allowOnTarget(account: string, target: string): DirectorySetting {
  const asker = bareName(account)
  return {
    attribute: `or msDS-AllowedToActOnBehalfOfOtherIdentity of the account of ${bareName(target)} must name ${account} (resource-based)`,
    activeDirectory: powershell`Set-ADComputer TARGET -PrincipalsAllowedToDelegateToAccount (Get-ADObject -Filter {${nameAttribute(asker)} -eq ${{ quoted: asker }}})`,
    samba: sh`samba-tool delegation add-principal TARGET ${asker} (from Samba 4.19)`,
    mit: 'not available in the LDAP backend',
  }
}

export function allowTransition(account: string): DirectorySetting {
  return {
    attribute: `userAccountControl of ${account} must have TRUSTED_TO_AUTH_FOR_DELEGATION (0x1000000)`,
    activeDirectory: powershell`Set-ADAccountControl ${bareName(account)} -TrustedToAuthForDelegation $true`,
    samba: sh`samba-tool delegation for-any-protocol ${bareName(account)} on`,
    mit: sh`kadmin modprinc +ok_to_auth_as_delegate ${account}`,
  }
}

export function allowUser(user: string): DirectorySetting {
  return {
    attribute: `userAccountControl of ${user} must not have NOT_DELEGATED (0x100000), and ${user} must not be in Protected Users`,
    activeDirectory: powershell`Set-ADAccountControl ${bareName(user)} -AccountNotDelegated $false`,
    samba: sh`samba-tool user sensitive ${bareName(user)} off`,
    mit: sh`kadmin modprinc +allow_forwardable ${nameForCommand(user)}`,
  }
}

export function restorePac(account: string): DirectorySetting {
  return {
    attribute: `userAccountControl of ${account} must not have NO_AUTH_DATA_REQUIRED (0x2000000), and sign-in must ask for a PAC (pac: true)`,
    activeDirectory: powershell`Set-ADUser ${bareName(account)} -Replace @{userAccountControl=VALUE} with VALUE lacking 0x2000000`,
    samba: sh`samba-tool user edit ${bareName(account)} (userAccountControl)`,
    mit: sh`kadmin modprinc -no_auth_data_required ${account}`,
  }
}

export function registerSpn(account: string): DirectorySetting {
  return {
    attribute: `servicePrincipalName of ${account} must list HTTP/HOST`,
    activeDirectory: powershell`setspn -S HTTP/HOST ${bareName(account)}`,
    samba: sh`samba-tool spn add HTTP/HOST ${bareName(account)}`,
    mit: 'kadmin addprinc -randkey HTTP/HOST',
  }
}

export function registerTarget(target: string): DirectorySetting {
  return {
    attribute: `servicePrincipalName of the account of the target must list ${bareName(target)}`,
    activeDirectory: powershell`setspn -S ${bareName(target)} ACCOUNT`,
    samba: sh`samba-tool spn add ${bareName(target)} ACCOUNT`,
    mit: sh`kadmin addprinc -randkey ${target}`,
  }
}

/** The ticket shown as evidence is for another service than the one that shows it. */
export function ownName(account: string): DirectorySetting {
  return {
    attribute: `the ticket must be for a service principal name of ${account}, and the user must ask for it by that name`,
    activeDirectory: powershell`setspn -L ${bareName(account)}`,
    samba: sh`samba-tool spn list ${bareName(account)}`,
    mit: sh`kadmin getprinc ${account}`,
  }
}

/** The ticket shown as evidence is sealed with a key that the KDC has not, or not any more. */
export function freshTicket(account: string, user: string): DirectorySetting {
  return {
    attribute: `the ticket must be sealed with the present key of ${account}: ${user} has to get a new one`,
    activeDirectory: 'klist purge (where the user signed in, then sign in again)',
    samba: 'kdestroy, then kinit (where the user signed in)',
    mit: 'kdestroy, then kinit (where the user signed in)',
  }
}
