/**
 * The NTSTATUS values that domain controllers send beside a KRB-ERROR, with what each means.
 * Source: MS-ERREF section 2.3.1; MS-KILE section 3.3.5.
 */
export const NT_STATUSES: readonly (readonly [code: number, name: string, meaning: string])[] = [
  [0xc000005e, 'STATUS_NO_LOGON_SERVERS', 'No domain controller could be reached for the domain of the account.'],
  [0xc0000064, 'STATUS_NO_SUCH_USER', 'The directory has no account of this name.'],
  [0xc000006a, 'STATUS_WRONG_PASSWORD', 'The password, or the key of the keytab, is not that of the account.'],
  [0xc000006d, 'STATUS_LOGON_FAILURE', 'The name or the password is wrong.'],
  [
    0xc000006e,
    'STATUS_ACCOUNT_RESTRICTION',
    'A restriction of the account forbids this sign-in, such as Protected Users.',
  ],
  [0xc000006f, 'STATUS_INVALID_LOGON_HOURS', 'The account may not sign in at this hour.'],
  [0xc0000070, 'STATUS_INVALID_WORKSTATION', 'The account may not sign in from this machine.'],
  [0xc0000071, 'STATUS_PASSWORD_EXPIRED', 'The password has expired.'],
  [0xc0000072, 'STATUS_ACCOUNT_DISABLED', 'The account is disabled.'],
  [0xc00000bb, 'STATUS_NOT_SUPPORTED', 'The account or its domain does not support what was asked for.'],
  [0xc0000133, 'STATUS_TIME_DIFFERENCE_AT_DC', 'The clocks of client and domain controller differ too much.'],
  [0xc000015b, 'STATUS_LOGON_TYPE_NOT_GRANTED', 'The account has no right to this kind of sign-in.'],
  [0xc0000193, 'STATUS_ACCOUNT_EXPIRED', 'The account has expired.'],
  [0xc0000224, 'STATUS_PASSWORD_MUST_CHANGE', 'The password must be changed before the account signs in.'],
  [0xc0000225, 'STATUS_NOT_FOUND', 'What was asked for is not in the list of the account: for delegation, the target.'],
  [0xc0000234, 'STATUS_ACCOUNT_LOCKED_OUT', 'The account is locked after too many wrong passwords.'],
  [0xc0000272, 'STATUS_NO_MATCH', 'No account matches: for delegation, neither side’s list permits it.'],
  [0xc000028b, 'STATUS_DS_INVALID_GROUP_TYPE', 'The type of the group does not permit this.'],
  [0xc0000388, 'STATUS_DOWNGRADE_DETECTED', 'A sign-in with a weaker method than the account has was refused.'],
  [
    0xc0000413,
    'STATUS_AUTHENTICATION_FIREWALL_FAILED',
    'Selective authentication or an authentication policy forbids it.',
  ],
]
