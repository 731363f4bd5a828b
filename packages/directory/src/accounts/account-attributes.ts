/**
 * What an account is read with. Some are computed, and come only where they are asked for by name.
 */
export const ACCOUNT_ATTRIBUTES: readonly string[] = [
  'objectClass',
  'objectSid',
  'sAMAccountName',
  'userAccountControl',
  'msDS-User-Account-Control-Computed',
  'userPrincipalName',
  'displayName',
  'mail',
  'department',
  'servicePrincipalName',
  'dNSHostName',
  'msDS-SupportedEncryptionTypes',
  'msDS-KeyVersionNumber',
  'pwdLastSet',
  'msDS-UserPasswordExpiryTimeComputed',
  'accountExpires',
  'memberOf',
  'tokenGroups',
  'msDS-AllowedToDelegateTo',
  'msDS-AllowedToActOnBehalfOfOtherIdentity',
  'msDS-AssignedAuthNPolicy',
  'msDS-AssignedAuthNPolicySilo',
]

/** The same in a directory that is not Active Directory, with the schema of MIT's KDC. */
export const KERBEROS_ATTRIBUTES: readonly string[] = [
  'objectClass',
  'uid',
  'cn',
  'displayName',
  'mail',
  'departmentNumber',
  'memberOf',
  'krbPrincipalName',
  'krbCanonicalName',
  'krbPrincipalExpiration',
  'krbPasswordExpiration',
  'krbLastPwdChange',
  'krbTicketFlags',
  'krbAllowedToDelegateTo',
]

/** userAccountControl. MS-ADTS section 2.2.16. */
export const UserAccountControl = {
  DISABLED: 0x2,
  LOCKED: 0x10,
  NORMAL: 0x200,
  WORKSTATION_TRUST: 0x1000,
  SERVER_TRUST: 0x2000,
  PASSWORD_NEVER_EXPIRES: 0x1_0000,
  SMARTCARD_REQUIRED: 0x4_0000,
  TRUSTED_FOR_DELEGATION: 0x8_0000,
  NOT_DELEGATED: 0x10_0000,
  NO_PREAUTHENTICATION: 0x40_0000,
  PASSWORD_EXPIRED: 0x80_0000,
  TRUSTED_TO_AUTHENTICATE: 0x100_0000,
  NO_PAC: 0x200_0000,
} as const
