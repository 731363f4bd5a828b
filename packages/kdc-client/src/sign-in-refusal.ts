import { KRB_ERROR_CODES } from '@s4u/krb5'
import { type KdcAnswer, KdcError } from './errors.js'

/** A KDC's no to a sign-in, with what to do about it. The NTSTATUS of Active Directory and Samba is more precise than the code. */
export function explainSignIn(answer: KdcAnswer): KdcError {
  const hint = (answer.ntStatus && BY_STATUS[answer.ntStatus]) ?? BY_CODE[answer.errorCode]
  return new KdcError(answer, hint === undefined ? {} : { hint })
}

const BY_STATUS: Readonly<Record<string, string>> = {
  STATUS_ACCOUNT_DISABLED: 'The account is disabled: Enable-ADAccount, or samba-tool user enable.',
  STATUS_ACCOUNT_EXPIRED:
    'The account has expired: Clear-ADAccountExpiration, or samba-tool user setexpiry --noexpiry.',
  STATUS_ACCOUNT_LOCKED_OUT:
    'The account is locked out by wrong passwords: Unlock-ADAccount, or samba-tool user unlock.',
  STATUS_PASSWORD_MUST_CHANGE: 'The password must be changed before the account can sign in.',
  STATUS_PASSWORD_EXPIRED: 'The password has expired.',
  STATUS_INVALID_LOGON_HOURS: 'The account may not sign in at this hour: see its logonHours.',
  STATUS_INVALID_WORKSTATION: 'The account may not sign in from here: see its userWorkstations.',
}

const BY_CODE: Readonly<Record<number, string>> = {
  [KRB_ERROR_CODES.KDC_ERR_NAME_EXP]: 'The account has expired.',
  [KRB_ERROR_CODES.KDC_ERR_C_PRINCIPAL_UNKNOWN]:
    'The KDC knows no such account. On Active Directory a service signs in by its account name (svc-web), not by an SPN (HTTP/web).',
  [KRB_ERROR_CODES.KDC_ERR_POLICY]:
    'A policy of the KDC forbids it: a disabled account (Heimdal), a forwardable ticket for a sensitive one, or an authentication policy.',
  [KRB_ERROR_CODES.KDC_ERR_ETYPE_NOSUPP]:
    'Account and service have no encryption type in common: set msDS-SupportedEncryptionTypes to 24 (AES) and reset the password.',
  [KRB_ERROR_CODES.KDC_ERR_CLIENT_REVOKED]: 'The account is disabled or locked out.',
  [KRB_ERROR_CODES.KDC_ERR_KEY_EXPIRED]: 'The password has expired or must be changed.',
  [KRB_ERROR_CODES.KDC_ERR_PREAUTH_FAILED]:
    'Wrong password or key. A keytab goes out of date when the password of its account is changed: export it again and compare kvno (klist -k, msDS-KeyVersionNumber).',
  [KRB_ERROR_CODES.KRB_AP_ERR_SKEW]:
    'The clocks differ by more than five minutes: check time synchronisation on both sides.',
  [KRB_ERROR_CODES.KDC_ERR_WRONG_REALM]: 'The account belongs to another realm.',
}
