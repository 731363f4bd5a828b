/**
 * What to do about the codes that people meet most, where one sentence holds for every case. The
 * hint of an error knows more: the names and the settings of its case.
 */
export const REMEDIES: Readonly<Record<string, string>> = {
  KDC_ERR_C_PRINCIPAL_UNKNOWN:
    'Look at the name and the realm of the account. On Active Directory an SPN cannot sign in: use the account that has it.',
  KDC_ERR_S_PRINCIPAL_UNKNOWN:
    'Register the SPN on the account that the service runs as, and on no other: setspn -S, samba-tool spn add, ipa service-add, kadmin addprinc.',
  KDC_ERR_PRINCIPAL_NOT_UNIQUE: 'Take the SPN from all accounts but one: setspn -X lists those that several have.',
  KDC_ERR_ETYPE_NOSUPP:
    'Compare the encryption types of the account (msDS-SupportedEncryptionTypes), of the keytab and of krb5.conf: all three need one in common.',
  KDC_ERR_BADOPTION:
    'For delegation: name the target in msDS-AllowedToDelegateTo of the service, or the service in the list of the target, and see that the user is not sensitive.',
  KDC_ERR_POLICY: 'Look for an authentication policy, a silo or selective authentication that concerns the account.',
  KDC_ERR_CLIENT_REVOKED: 'Enable or unlock the account.',
  KDC_ERR_KEY_EXPIRED: 'Change the password: s4u kpasswd.',
  KDC_ERR_PREAUTH_FAILED:
    'Type the password again, or write the keytab anew: s4u keytab check compares its keys with those that the KDC has.',
  KRB_AP_ERR_SKEW:
    'Set the clocks of both machines (NTP): they may differ by five minutes. Where they agree, somebody has kept the token and sent it later: send a fresh one.',
  KRB_AP_ERR_NOT_US:
    'Compare the name that the client asks for (klist at the client) with those of the keytab (s4u keytab list): register that name on the account and add its key to the keytab, or list it in serviceAliases.',
  KRB_AP_ERR_MODIFIED:
    'The KDC sealed the ticket with a key that the service does not have: write its keytab anew, and look whether the SPN stands on the right account.',
  KRB_AP_ERR_BADKEYVER: 'Write the keytab anew: the KDC has another version of the key.',
  KRB_AP_ERR_NOKEY: 'Add the key of this principal and encryption type to the keytab: s4u keytab create.',
  KRB_AP_ERR_TKT_EXPIRED: 'Sign in again: s4u kinit.',
  KRB_AP_ERR_TKT_NYV: 'Set the clock of this machine (NTP), or wait until the ticket is valid.',
  KRB_AP_ERR_REPEAT:
    'Send a fresh token with each request, and let all instances that have the same key use one replay store.',
  KRB_ERR_RESPONSE_TOO_BIG: 'Ask by TCP: open port 88 for TCP between this machine and the KDC.',
  KRB5_KDC_UNREACH: 'Look at the addresses of the KDCs in krb5.conf or DNS, and open port 88 for UDP and TCP.',
  KRB5_FCC_NOFILE: 'Sign in first: s4u kinit. KRB5CCNAME says where the cache is.',
  KRB5_KT_NOTFOUND:
    'Name the keytab in KRB5_KTNAME or with -t. If it is named, look with s4u keytab list whether it has a key of this principal.',
  STATUS_ACCOUNT_DISABLED: 'Enable the account: Enable-ADAccount, samba-tool user enable.',
  STATUS_ACCOUNT_LOCKED_OUT: 'Unlock the account: Unlock-ADAccount, samba-tool user unlock.',
  STATUS_ACCOUNT_EXPIRED: 'Set a later end of the account: Clear-ADAccountExpiration, samba-tool user setexpiry.',
  STATUS_PASSWORD_EXPIRED: 'Change the password: s4u kpasswd.',
  STATUS_PASSWORD_MUST_CHANGE: 'Change the password: s4u kpasswd.',
  STATUS_WRONG_PASSWORD: 'Type the password again, or write the keytab anew.',
  STATUS_TIME_DIFFERENCE_AT_DC: 'Set the clock of this machine.',
}
