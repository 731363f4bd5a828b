/** Advice for refusals whose reason is the account of a client or of a service. */

import { KRB_ERROR_CODES as KRB } from '@s4u/krb5'
import type { DirectorySetting } from '../errors/directory-setting.js'
import { type AdviceAbout, type AdviceTable, bareName, nameForCommand } from './advice.js'
import { unknownClient } from './unknown-client.js'
import { newKey } from './new-key.js'
import { registerTarget, unknownTarget } from './unknown-target.js'
import { mitAndFreeIpa } from './same-command.js'
import { editAttribute } from './samba-edit.js'
import { powershell, sh } from './shell-command.js'
import { wrongKey } from './wrong-key.js'

export const disabled = ({ principal, name }: AdviceAbout): DirectorySetting => ({
  attribute: `The account ${principal} is disabled.`,
  activeDirectory: powershell`Enable-ADAccount ${name}`,
  samba: sh`samba-tool user enable ${name}`,
  mit: sh`kadmin.local modprinc +allow_tix ${nameForCommand(principal)}`,
  heimdal: sh`kadmin -l modify --attributes=-disallow-all-tix ${nameForCommand(principal)}`,
  freeIpa: sh`ipa user-enable ${name}`,
})

export const expired = ({ principal, name }: AdviceAbout): DirectorySetting => ({
  attribute: `The account ${principal} has expired.`,
  activeDirectory: powershell`Clear-ADAccountExpiration ${name}`,
  samba: sh`samba-tool user setexpiry --noexpiry ${name}`,
  mit: sh`kadmin.local modprinc -expire never ${nameForCommand(principal)}`,
  heimdal: sh`kadmin -l modify --expiration-time=never ${nameForCommand(principal)}`,
  freeIpa: sh`ipa user-mod ${name} --principal-expiration=`,
})

export const passwordExpired = ({ principal, name }: AdviceAbout): DirectorySetting => ({
  attribute: `The password of ${principal} has expired or must be changed: ${principal} changes it (kpasswd; here changePassword, or identityFor with a newPassword), or it is set or prolonged by an administrator.`,
  activeDirectory: powershell`Set-ADUser ${name} -ChangePasswordAtLogon $false`,
  samba: sh`samba-tool user setpassword ${name}`,
  mit: sh`kadmin.local modprinc -pwexpire never ${nameForCommand(principal)}`,
  heimdal: sh`kadmin -l modify --pw-expiration-time=never ${nameForCommand(principal)}`,
  freeIpa: sh`kpasswd ${nameForCommand(principal)}`,
})

export const lockedOut = ({ principal, name }: AdviceAbout): DirectorySetting => ({
  attribute: `The account ${principal} is locked out by wrong passwords.`,
  activeDirectory: powershell`Unlock-ADAccount ${name}`,
  samba: sh`samba-tool user unlock ${name}`,
  mit: sh`kadmin.local modprinc -unlock ${nameForCommand(principal)}`,
  freeIpa: sh`ipa user-unlock ${name}`,
})

const revoked = (about: AdviceAbout): DirectorySetting => {
  const { principal, name } = about
  return {
    attribute: `The account ${principal} is disabled, or locked out by wrong passwords.`,
    activeDirectory: powershell`Enable-ADAccount ${name}; Unlock-ADAccount ${name}`,
    samba: sh`samba-tool user enable ${name}; samba-tool user unlock ${name}`,
    mit: sh`kadmin.local modprinc -unlock +allow_tix ${nameForCommand(principal)}`,
    heimdal: disabled(about).heimdal,
    freeIpa: sh`ipa user-enable ${name}; ipa user-unlock ${name}`,
  }
}

const signInElsewhere = ({ principal, name }: AdviceAbout): DirectorySetting => ({
  attribute: `${principal} may not sign in from here: an authentication policy says from which devices (then name such a device in the option armor: { keytab }, or take the policy from the account), or its list of workstations does.`,
  activeDirectory: powershell`Set-ADUser ${name} -LogonWorkstations $null -AuthenticationPolicy $null`,
  samba: sh`samba-tool user auth policy remove ${name}   # from Samba 4.20 on; a silo has policies of its own`,
})

const notAuthenticated = ({ principal, target, answer }: AdviceAbout): DirectorySetting => ({
  attribute: `${answer.account === principal ? principal : `${answer.account}, for ${principal},`} is not allowed to authenticate to ${target}: an authentication policy of its account says who may (allowed to authenticate to), or the trust is one with selective authentication ("Allowed to authenticate" on the account of ${target}).`,
  ...policyOfService(target),
})

/**
 * Returns the commands that find the authentication policy of the account of a service, or remove
 * it. The other way is to name the account that asks in the policy.
 */
export function policyOfService(target: string) {
  const spn = bareName(target)
  return {
    activeDirectory: powershell`Get-ADObject -Filter {servicePrincipalName -eq ${{ quoted: spn }}} -Properties msDS-AssignedAuthNPolicy,msDS-AssignedAuthNPolicySilo`,
    samba: sh`samba-tool user auth policy remove ACCOUNT   # ACCOUNT: the one that has ${spn}; from Samba 4.20 on`,
  }
}

/** Advice by the NTSTATUS, which is more precise than the error code. */
export const STATUS_ADVICE: AdviceTable = {
  STATUS_ACCOUNT_DISABLED: disabled,
  STATUS_ACCOUNT_EXPIRED: expired,
  STATUS_ACCOUNT_LOCKED_OUT: lockedOut,
  STATUS_PASSWORD_MUST_CHANGE: passwordExpired,
  STATUS_PASSWORD_EXPIRED: passwordExpired,
  STATUS_WRONG_PASSWORD: wrongKey,
  STATUS_LOGON_FAILURE: wrongKey,
  STATUS_INVALID_LOGON_HOURS: ({ principal, name }) => ({
    attribute: `${principal} may not sign in at this hour: its account has logon hours.`,
    activeDirectory: powershell`Set-ADUser ${name} -Clear logonHours`,
    samba: editAttribute(sh`(sAMAccountName=${name})`, 'logonHours', 'gone'),
  }),
  STATUS_INVALID_WORKSTATION: signInElsewhere,
  STATUS_AUTHENTICATION_FIREWALL_FAILED: notAuthenticated,
}

const serviceDisabled = ({ target }: AdviceAbout): DirectorySetting => ({
  attribute: `The account of ${target} is disabled or locked out.`,
  activeDirectory: powershell`Get-ADObject -Filter {servicePrincipalName -eq ${{ quoted: bareName(target) }}} | Enable-ADAccount`,
  samba: sh`samba-tool user enable --filter='(servicePrincipalName=${bareName(target)})'`,
  ...mitAndFreeIpa(sh`kadmin.local modprinc +allow_tix +allow_svr ${target}`),
  heimdal: sh`kadmin -l modify --attributes=-disallow-all-tix,-disallow-svr ${target}`,
})

const serviceExpired = ({ target }: AdviceAbout): DirectorySetting => ({
  attribute: `The account of ${target} has expired.`,
  activeDirectory: powershell`Get-ADObject -Filter {servicePrincipalName -eq ${{ quoted: bareName(target) }}} | Clear-ADAccountExpiration`,
  samba: sh`samba-tool user setexpiry --noexpiry --filter='(servicePrincipalName=${bareName(target)})'`,
  ...mitAndFreeIpa(sh`kadmin.local modprinc -expire never ${target}`),
  heimdal: sh`kadmin -l modify --expiration-time=never ${target}`,
})

const notYet = (whose: string, { name, principal }: AdviceAbout): DirectorySetting => ({
  attribute: `The account ${whose} is not valid yet, by the clock of the KDC. To see it:`,
  activeDirectory: powershell`Get-ADUser ${name} -Properties *`,
  samba: sh`samba-tool user show ${name}`,
  ...mitAndFreeIpa(sh`kadmin.local getprinc ${nameForCommand(principal)}`),
  heimdal: sh`kadmin -l get ${nameForCommand(principal)}`,
})

const noKey = (whose: string, { name, principal }: AdviceAbout): DirectorySetting => ({
  attribute: `The account ${whose} has no key that the KDC can use: set its password anew.`,
  activeDirectory: powershell`Set-ADAccountPassword ${name} -Reset`,
  samba: sh`samba-tool user setpassword ${name}`,
  ...newKey(nameForCommand(principal)),
})

const userToUser = ({ target }: AdviceAbout): DirectorySetting => ({
  ...registerTarget(target),
  attribute: `${target} takes only user-to-user tickets: its account has no service principal name, or may not be a service. Register one, or ask with its ticket-granting ticket (userToUser).`,
  ...mitAndFreeIpa(sh`kadmin.local modprinc +allow_svr ${target}`),
  heimdal: sh`kadmin -l modify --attributes=-disallow-svr ${target}`,
})

const target = (about: AdviceAbout): AdviceAbout => ({
  ...about,
  name: bareName(about.target),
  principal: about.target,
})

export const ACCOUNT_ADVICE: AdviceTable = {
  [KRB.KDC_ERR_NAME_EXP]: expired,
  [KRB.KDC_ERR_SERVICE_EXP]: serviceExpired,
  [KRB.KDC_ERR_C_OLD_MAST_KVNO]: (about) => noKey(about.principal, about),
  [KRB.KDC_ERR_S_OLD_MAST_KVNO]: (about) => noKey(`of ${about.target}`, target(about)),
  [KRB.KDC_ERR_NULL_KEY]: (about) => noKey(`${about.principal} or that of ${about.target}`, about),
  [KRB.KRB_AP_ERR_NOKEY]: (about) => noKey(`of ${about.target}`, target(about)),
  [KRB.KDC_ERR_CLIENT_REVOKED]: revoked,
  [KRB.KDC_ERR_SERVICE_REVOKED]: serviceDisabled,
  [KRB.KDC_ERR_CLIENT_NOTYET]: (about) => notYet(about.principal, about),
  [KRB.KDC_ERR_SERVICE_NOTYET]: (about) => notYet(`of ${about.target}`, target(about)),
  [KRB.KDC_ERR_KEY_EXPIRED]: passwordExpired,
  [KRB.KDC_ERR_MUST_USE_USER2USER]: userToUser,
  [KRB.KRB_AP_ERR_USER_TO_USER_REQUIRED]: userToUser,
  [KRB.KDC_ERR_PREAUTH_FAILED]: wrongKey,
  [KRB.KDC_ERR_C_PRINCIPAL_UNKNOWN]: unknownClient,
  [KRB.KDC_ERR_S_PRINCIPAL_UNKNOWN]: ({ target, facts }) => unknownTarget(target, facts),
  [KRB.KDC_ERR_PRINCIPAL_NOT_UNIQUE]: ({ target }) => ({
    attribute: `Several accounts have the name ${target}: take it from all but one.`,
    activeDirectory: powershell`setspn -Q ${bareName(target)}; setspn -D ${bareName(target)} ACCOUNT   # ACCOUNT: one of those that are found`,
    samba: sh`samba-tool spn delete ${bareName(target)} ACCOUNT   # ACCOUNT: one of those that have it`,
  }),
  [KRB.KDC_ERR_POLICY]: ({ principal, name }) => ({
    attribute: `A policy of the KDC forbids it: ${principal} is disabled, may not have forwardable tickets, or an authentication policy applies: for one about devices, name such a device in the option armor: { keytab }.`,
    activeDirectory: powershell`Enable-ADAccount ${name}`,
    samba: sh`samba-tool user enable ${name}`,
    ...mitAndFreeIpa(sh`kadmin.local modprinc +allow_tix +allow_forwardable ${nameForCommand(principal)}`),
    heimdal: sh`kadmin -l modify --attributes=-disallow-all-tix,-disallow-forwardable ${nameForCommand(principal)}`,
  }),
  [KRB.KDC_ERR_BADOPTION]: ({ principal, name }) => ({
    attribute: `The KDC does not give ${principal} what was asked for: a forwardable, renewable, forwarded or user-to-user ticket. The account is sensitive or in Protected Users, or the ticket shown does not allow it.`,
    activeDirectory: powershell`Set-ADAccountControl ${name} -AccountNotDelegated $false`,
    samba: sh`samba-tool user sensitive ${name} off`,
    ...mitAndFreeIpa(
      sh`kadmin.local modprinc +allow_forwardable +allow_renewable +allow_dup_skey ${nameForCommand(principal)}`,
    ),
    heimdal: sh`kadmin -l modify --attributes=-disallow-forwardable,-disallow-renewable ${nameForCommand(principal)}`,
  }),
}
