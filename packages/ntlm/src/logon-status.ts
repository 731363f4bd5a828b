import { ConfigurationError, RejectedTokenError, type S4uError, type S4uErrorCode } from '@s4u/krb5'
import { NetlogonUnreachableError } from './errors.js'
import type { LogonReply } from './netlogon/logon-call.js'

/**
 * Returns what a refusal of a domain controller means. All refusals of a user are a 401: an
 * attacker must not learn that an account is locked, or that the password of a disabled one is
 * right. The code is for events and logs. The name is in it only where the controller
 * has said something of an account that is called so: people type their password into the field of
 * the name.
 *
 * @param user as the client wrote it
 */
export function refusalOf({ status, isAuthoritative }: LogonReply, user: string): S4uError {
  const known = STATUSES[status]
  if (status === NO_LOGON_SERVERS)
    return new NetlogonUnreachableError('no domain controller of the domain of the user can be reached', {
      code: 'STATUS_NO_LOGON_SERVERS',
      hint: 'Our domain controller could not ask the trusted domain: look at the trust.',
    })
  if (status === NTLM_BLOCKED)
    return new ConfigurationError('the domain accepts no NTLM', {
      code: 'STATUS_NTLM_BLOCKED',
      status: 503,
      hint: 'Remove ntlm() from the options: a policy of the domain (Restrict NTLM; ntlm auth = disabled) refuses all NTLM.',
    })
  if (known === undefined)
    return new RejectedTokenError(`the domain controller refused the user: 0x${status.toString(16)}`, {
      code: 'STATUS_LOGON_FAILURE',
      hint: 'Look for this status of Windows in MS-ERREF section 2.3.1.',
    })
  const { code, said, isOfAccount, hint } = known
  const who = isOfAccount ? user : 'the user'
  const authority = isAuthoritative ? '' : ' (no controller of that domain has spoken)'
  return new RejectedTokenError(`the domain controller refused ${who}: ${said}${authority}`, {
    code,
    ...(hint !== undefined && { hint }),
  })
}

interface Meaning {
  readonly code: S4uErrorCode
  readonly said: string
  /** Whether it is said of an account that is there. */
  readonly isOfAccount: boolean
  readonly hint?: string
}

const wrong = (said: string, hint?: string): Meaning => ({
  code: 'STATUS_LOGON_FAILURE',
  said,
  isOfAccount: false,
  ...(hint !== undefined && { hint }),
})
const barred = (code: S4uErrorCode, said: string, hint: string): Meaning => ({ code, said, isOfAccount: true, hint })

const NO_LOGON_SERVERS = 0xc000_005e
const NTLM_BLOCKED = 0xc000_0418

/** MS-ERREF section 2.3.1. A wrong password and an unknown user read alike, also in logs. */
const STATUSES: Readonly<Record<number, Meaning>> = {
  0xc000_006a: wrong('there is no such user, or the password is wrong'),
  0xc000_0064: wrong('there is no such user, or the password is wrong'),
  0xc000_006d: wrong(
    'the logon failed',
    'If it fails for all users: domain and account of ntlm() must be the NetBIOS name of the domain and the name of the machine account, which the controller compares.',
  ),
  0xc000_006e: barred(
    'STATUS_ACCOUNT_RESTRICTION',
    'a restriction of the account',
    'Members of Protected Users cannot use NTLM: let them come with Kerberos.',
  ),
  0xc000_006f: barred('STATUS_INVALID_LOGON_HOURS', 'not at this time', 'The account has logon hours.'),
  0xc000_0070: barred('STATUS_INVALID_WORKSTATION', 'not from this machine', 'The account has a list of workstations.'),
  0xc000_0071: barred('KDC_ERR_KEY_EXPIRED', 'the password has expired', 'The user must change the password.'),
  0xc000_0224: barred('KDC_ERR_KEY_EXPIRED', 'the password must be changed', 'The user must change the password.'),
  0xc000_0072: barred('KDC_ERR_CLIENT_REVOKED', 'the account is disabled', 'Enable it in the directory.'),
  0xc000_0193: barred('KDC_ERR_NAME_EXP', 'the account has expired', 'Change accountExpires in the directory.'),
  0xc000_0234: barred('KDC_ERR_CLIENT_REVOKED', 'the account is locked out', 'Too many passwords were wrong.'),
  0xc000_0199: barred('STATUS_ACCOUNT_RESTRICTION', 'it is a machine account', 'Machines come with Kerberos.'),
  0xc000_0198: barred('STATUS_ACCOUNT_RESTRICTION', 'it is a domain controller', 'Machines come with Kerberos.'),
}
