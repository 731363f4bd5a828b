import { KRB_ERROR_CODES as KRB } from '@s4u/krb5'
import { type KdcAnswer, KdcError } from './errors.js'

/**
 * A KDC's no that is about an account rather than about delegation, with what to do about it. The NTSTATUS of Active Directory and
 * Samba is more precise than the code.
 */
export function explainSignIn(answer: KdcAnswer): KdcError {
  const advice = (answer.ntStatus && BY_STATUS[answer.ntStatus]) || BY_CODE[answer.errorCode]
  return new KdcError(answer, advice === undefined ? {} : { hint: advice(subjectOf(answer), answer) })
}

type Advice = (subject: Subject, answer: KdcAnswer) => string

/** Whom the refusal is about: in a delegation step mostly the user, whose account the KDC looks at as well. */
interface Subject {
  /** `svc-web@AD.TEST` */
  readonly principal: string
  /** `svc-web`: how directory tools name it. */
  readonly account: string
}

function subjectOf({ step, account, user }: KdcAnswer): Subject {
  const principal = step === 'AS' || step === 'TGS' || user === undefined ? account : user
  return { principal, account: principal.replace(/@[^@]*$/, '') }
}

const disabled: Advice = ({ principal, account }) =>
  `The account ${principal} is disabled. Enable-ADAccount ${account} | samba-tool user enable ${account} | kadmin modprinc +allow_tix ${account}`

const expired: Advice = ({ principal, account }) =>
  `The account ${principal} has expired. Clear-ADAccountExpiration ${account} | samba-tool user setexpiry --noexpiry ${account} | kadmin modprinc -expire never ${account}`

const passwordExpired: Advice = ({ principal, account }) =>
  `The password of ${principal} has expired or must be changed. Set-ADUser ${account} -ChangePasswordAtLogon $false | samba-tool user setpassword ${account} | kadmin cpw ${account}`

const lockedOut: Advice = ({ principal, account }) =>
  `The account ${principal} is locked out by wrong passwords. Unlock-ADAccount ${account} | samba-tool user unlock ${account}`

const revoked: Advice = ({ principal, account }) =>
  `The account ${principal} is disabled, or locked out by wrong passwords. Enable-ADAccount ${account}, Unlock-ADAccount ${account} | samba-tool user enable ${account}, samba-tool user unlock ${account} | kadmin modprinc +allow_tix ${account}`

const BY_STATUS: Readonly<Record<string, Advice>> = {
  STATUS_ACCOUNT_DISABLED: disabled,
  STATUS_ACCOUNT_EXPIRED: expired,
  STATUS_ACCOUNT_LOCKED_OUT: lockedOut,
  STATUS_PASSWORD_MUST_CHANGE: passwordExpired,
  STATUS_PASSWORD_EXPIRED: passwordExpired,
  STATUS_INVALID_LOGON_HOURS: ({ principal, account }) =>
    `${principal} may not sign in at this hour. Set-ADUser ${account} -Clear logonHours, or change the hours in its account`,
  STATUS_INVALID_WORKSTATION: ({ principal, account }) =>
    `${principal} may not sign in from here. Set-ADUser ${account} -LogonWorkstations $null`,
}

const BY_CODE: Readonly<Record<number, Advice>> = {
  [KRB.KDC_ERR_NAME_EXP]: expired,
  [KRB.KDC_ERR_CLIENT_REVOKED]: revoked,
  [KRB.KDC_ERR_KEY_EXPIRED]: passwordExpired,
  [KRB.KDC_ERR_C_PRINCIPAL_UNKNOWN]: ({ principal, account }) =>
    `The KDC knows no account ${principal}. On Active Directory a service signs in by its account name (svc-web), not by an SPN (HTTP/web). Get-ADUser ${account} | samba-tool user show ${account} | kadmin getprinc ${account}`,
  [KRB.KDC_ERR_S_PRINCIPAL_UNKNOWN]: (_subject, { target }) =>
    `No account has the name ${target}, or several have it. setspn -Q ${target}, setspn -S ${target} ACCOUNT | samba-tool spn add ${target} ACCOUNT | kadmin addprinc -randkey ${target}`,
  [KRB.KDC_ERR_PRINCIPAL_NOT_UNIQUE]: (_subject, { target }) =>
    `Several accounts have the name ${target}. setspn -X finds them, setspn -D ${target} ACCOUNT removes one | samba-tool spn delete ${target} ACCOUNT`,
  [KRB.KDC_ERR_POLICY]: ({ principal, account }) =>
    `A policy of the KDC forbids it: ${principal} is disabled, may not have forwardable tickets, or an authentication policy applies. Enable-ADAccount ${account} | samba-tool user enable ${account} | kadmin getprinc ${account}`,
  [KRB.KDC_ERR_ETYPE_NOSUPP]: ({ account }, { target }) =>
    `${account}, ${target} and this client have no encryption type in common. Set-ADUser ACCOUNT -KerberosEncryptionType AES128,AES256 (msDS-SupportedEncryptionTypes 24) and reset the password | net ads enctypes set ACCOUNT 24 | kadmin cpw -randkey`,
  [KRB.KDC_ERR_PREAUTH_FAILED]: ({ principal, account }) =>
    `Wrong password or key of ${principal}. A keytab goes out of date when the password of its account is changed: export it again and compare the versions (klist -k, msDS-KeyVersionNumber). ktpass -princ ... | samba-tool domain exportkeytab --principal=${account} | kadmin ktadd ${account}`,
  [KRB.KRB_AP_ERR_SKEW]: (_subject, { serverTime }) =>
    `The clocks differ by more than five minutes${serverTime === undefined ? '' : `: the KDC says that it is ${new Date(serverTime).toISOString()}`}. Check time synchronisation on both sides: w32tm /resync | chronyc makestep`,
  [KRB.KDC_ERR_WRONG_REALM]: ({ principal }) =>
    `${principal} belongs to another realm: name that one, or sign in with an enterprise name (enterprise: true).`,
  [KRB.KRB_AP_ERR_BAD_INTEGRITY]: () =>
    'The KDC could not open what it was shown: the ticket is another KDC’s, or older than the last change of a key. It is got anew with the next request.',
  [KRB.KRB_AP_ERR_BADKEYVER]: () =>
    'The ticket is sealed with a version of the key that the KDC does not have any more: it was issued before the password of the service, or of krbtgt, was changed.',
  [KRB.KRB_AP_ERR_TKT_EXPIRED]: () => 'The ticket has expired; the user must present a new one.',
  [KRB.KDC_ERR_TGT_REVOKED]: ({ principal }) =>
    `The KDC wants a PAC in the tickets of ${principal}, and there is none: ask for one at sign-in (pac: true), and clear NO_AUTH_DATA_REQUIRED (0x2000000) in userAccountControl | kadmin modprinc -no_auth_data_required`,
}
