/** What to do where the account of a client, or that of a service, is the reason. */

import { KRB_ERROR_CODES as KRB } from '@s4u/krb5'
import { type Advice, type AdviceAbout, type AdviceTable, nameForCommand } from './advice.js'
import { powershell, sh } from './shell-command.js'

const disabled = ({ principal, name }: AdviceAbout): Advice => ({
  sentence: `The account ${principal} is disabled`,
  commands: [
    powershell`Enable-ADAccount ${name}`,
    sh`samba-tool user enable ${name}`,
    sh`kadmin modprinc +allow_tix ${name}`,
  ],
})

const expired = ({ principal, name }: AdviceAbout): Advice => ({
  sentence: `The account ${principal} has expired`,
  commands: [
    powershell`Clear-ADAccountExpiration ${name}`,
    sh`samba-tool user setexpiry --noexpiry ${name}`,
    sh`kadmin modprinc -expire never ${name}`,
  ],
})

const passwordExpired = ({ principal, name }: AdviceAbout): Advice => ({
  sentence: `The password of ${principal} has expired or must be changed`,
  commands: [
    powershell`Set-ADUser ${name} -ChangePasswordAtLogon $false`,
    sh`samba-tool user setpassword ${name}`,
    sh`kadmin cpw ${name}`,
  ],
})

const lockedOut = ({ principal, name }: AdviceAbout): Advice => ({
  sentence: `The account ${principal} is locked out by wrong passwords`,
  commands: [
    powershell`Unlock-ADAccount ${name}`,
    sh`samba-tool user unlock ${name}`,
    sh`kadmin modprinc -unlock ${name}`,
  ],
})

const revoked = ({ principal, name }: AdviceAbout): Advice => ({
  sentence: `The account ${principal} is disabled, or locked out by wrong passwords`,
  commands: [
    powershell`Enable-ADAccount ${name}, Unlock-ADAccount ${name}`,
    sh`samba-tool user enable ${name}, samba-tool user unlock ${name}`,
    sh`kadmin modprinc -unlock +allow_tix ${name}`,
  ],
})

const wrongPassword = ({ principal, name }: AdviceAbout): Advice => ({
  sentence: `Wrong password or key of ${principal}. A keytab goes out of date when the password of its account is changed: export it again and compare the versions (klist -k, msDS-KeyVersionNumber)`,
  commands: [
    powershell`ktpass -princ ${nameForCommand(principal)} -mapuser ${name} -crypto AES256-SHA1 -pass * -out FILE`,
    sh`samba-tool domain exportkeytab --principal=${name}`,
    sh`kadmin ktadd ${name}`,
  ],
})

/** By the NTSTATUS, which says more than the code. */
export const STATUS_ADVICE: AdviceTable = {
  STATUS_ACCOUNT_DISABLED: disabled,
  STATUS_ACCOUNT_EXPIRED: expired,
  STATUS_ACCOUNT_LOCKED_OUT: lockedOut,
  STATUS_PASSWORD_MUST_CHANGE: passwordExpired,
  STATUS_PASSWORD_EXPIRED: passwordExpired,
  STATUS_WRONG_PASSWORD: wrongPassword,
  STATUS_LOGON_FAILURE: wrongPassword,
  STATUS_INVALID_LOGON_HOURS: ({ principal, name }) => ({
    sentence: `${principal} may not sign in at this hour`,
    commands: [powershell`Set-ADUser ${name} -Clear logonHours, or change the hours in its account`],
  }),
  STATUS_INVALID_WORKSTATION: ({ principal, name }) => ({
    sentence: `${principal} may not sign in from here`,
    commands: [powershell`Set-ADUser ${name} -LogonWorkstations $null`],
  }),
  STATUS_AUTHENTICATION_FIREWALL_FAILED: ({ principal, target }) => ({
    sentence: `The trust is one with selective authentication, and ${principal} is not allowed to authenticate to ${target}`,
    commands: [powershell`setspn -Q ${target}, then grant "Allowed to authenticate" on the account that it finds`],
  }),
}

const serviceDisabled = ({ target }: AdviceAbout): Advice => ({
  sentence: `The account of ${target} is disabled or locked out`,
  commands: [
    powershell`setspn -Q ${target}, Enable-ADAccount ACCOUNT`,
    'samba-tool user enable ACCOUNT',
    sh`kadmin modprinc +allow_tix +allow_svr ${target}`,
  ],
})

const serviceExpired = ({ target }: AdviceAbout): Advice => ({
  sentence: `The account of ${target} has expired`,
  commands: [
    powershell`setspn -Q ${target}, Clear-ADAccountExpiration ACCOUNT`,
    'samba-tool user setexpiry --noexpiry ACCOUNT',
    sh`kadmin modprinc -expire never ${target}`,
  ],
})

const notYet = (whose: string, { name }: AdviceAbout): Advice => ({
  sentence: `The account ${whose} is not valid yet, by the clock of the KDC`,
  commands: [
    powershell`Get-ADUser ${name} -Properties *`,
    sh`samba-tool user show ${name}`,
    sh`kadmin getprinc ${name}`,
  ],
})

const noKey = (whose: string, { name }: AdviceAbout): Advice => ({
  sentence: `The account ${whose} has no key that the KDC can use: set its password anew`,
  commands: [
    powershell`Set-ADAccountPassword ${name} -Reset`,
    sh`samba-tool user setpassword ${name}`,
    sh`kadmin cpw -randkey ${name}`,
  ],
})

const userToUser = ({ target }: AdviceAbout): Advice => ({
  sentence: `${target} takes only user-to-user tickets: its account has no service principal name, or may not be a service. Register one, or ask with its ticket-granting ticket (userToUser)`,
  commands: [
    powershell`setspn -S ${target} ACCOUNT`,
    sh`samba-tool spn add ${target} ACCOUNT`,
    sh`kadmin modprinc +allow_svr ${target}`,
  ],
})

const target = (about: AdviceAbout): AdviceAbout => ({ ...about, name: about.target })

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
  [KRB.KDC_ERR_PREAUTH_FAILED]: wrongPassword,
  [KRB.KDC_ERR_C_PRINCIPAL_UNKNOWN]: ({ principal, name }) => ({
    sentence: `The KDC knows no account ${principal}. On Active Directory a service signs in by its account name (svc-web), not by an SPN (HTTP/web)`,
    commands: [powershell`Get-ADUser ${name}`, sh`samba-tool user show ${name}`, sh`kadmin getprinc ${name}`],
  }),
  [KRB.KDC_ERR_S_PRINCIPAL_UNKNOWN]: ({ target }) => ({
    sentence: `No account has the name ${target}, or several have it`,
    commands: [
      powershell`setspn -Q ${target}, setspn -S ${target} ACCOUNT`,
      sh`samba-tool spn add ${target} ACCOUNT`,
      sh`kadmin addprinc -randkey ${target}`,
    ],
  }),
  [KRB.KDC_ERR_PRINCIPAL_NOT_UNIQUE]: ({ target }) => ({
    sentence: `Several accounts have the name ${target}`,
    commands: [
      powershell`setspn -X finds them, setspn -D ${target} ACCOUNT removes one`,
      sh`samba-tool spn delete ${target} ACCOUNT`,
    ],
  }),
  [KRB.KDC_ERR_POLICY]: ({ principal, name }) => ({
    sentence: `A policy of the KDC forbids it: ${principal} is disabled, may not have forwardable tickets, or an authentication policy applies`,
    commands: [powershell`Enable-ADAccount ${name}`, sh`samba-tool user enable ${name}`, sh`kadmin getprinc ${name}`],
  }),
  [KRB.KDC_ERR_BADOPTION]: ({ principal, name }) => ({
    sentence: `The KDC does not give ${principal} what was asked for: a forwardable, renewable, forwarded or user-to-user ticket. The account is sensitive or in Protected Users, or the ticket shown does not allow it`,
    commands: [
      powershell`Set-ADAccountControl ${name} -AccountNotDelegated $false`,
      sh`samba-tool user sensitive ${name} off`,
      sh`kadmin modprinc +allow_forwardable +allow_renewable +allow_dup_skey ${name}`,
    ],
  }),
}
