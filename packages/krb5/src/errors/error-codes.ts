/**
 * Every value of `S4uError.code`, with what it means. This list makes the type `S4uErrorCode` and
 * the page docs/error-codes.md; a test compares it with the sources of all packages.
 */

import { FILE_ERROR_MEANINGS } from './file-error-codes.js'

/**
 * What each code means, in one sentence. What to do about it is the `hint` of the error, which
 * knows the names and the settings of the case.
 *
 * @example
 * ```ts
 * import { ERROR_MEANINGS } from '@s4u/krb5'
 *
 * console.log(ERROR_MEANINGS.KRB_AP_ERR_SKEW)
 * ```
 */
export const ERROR_MEANINGS = {
  // Names of KRB-ERROR: RFC 4120 section 7.5.9, RFC 4556, RFC 6113. A KDC sends them, and s4u uses
  // them for its own refusals of tickets and replies.
  KDC_ERR_NONE: 'The KDC sent an error message whose number says that there is no error.',
  KDC_ERR_NAME_EXP: 'The account of the client has expired.',
  KDC_ERR_SERVICE_EXP: 'The account of the service has expired.',
  KDC_ERR_BAD_PVNO: 'The KDC does not speak version 5 of Kerberos.',
  KDC_ERR_C_OLD_MAST_KVNO: 'The key of the client is stored under an old master key of the KDC.',
  KDC_ERR_S_OLD_MAST_KVNO: 'The key of the service is stored under an old master key of the KDC.',
  KDC_ERR_C_PRINCIPAL_UNKNOWN: 'The directory has no account of this name for the client.',
  KDC_ERR_S_PRINCIPAL_UNKNOWN: 'The directory has no account with this service principal name (SPN).',
  KDC_ERR_PRINCIPAL_NOT_UNIQUE: 'Several accounts of the directory have this name.',
  KDC_ERR_NULL_KEY: 'The account of the client or of the service has no key.',
  KDC_ERR_CANNOT_POSTDATE: 'The KDC issues no ticket that becomes valid later.',
  KDC_ERR_NEVER_VALID: 'The requested ticket would end before it begins: often a clock is wrong.',
  KDC_ERR_POLICY: 'A policy forbids it: of the KDC, or of the app in its own options.',
  KDC_ERR_BADOPTION: 'The KDC cannot grant this kind of ticket: for delegation, a setting of the directory is missing.',
  KDC_ERR_ETYPE_NOSUPP: 'The two sides have no encryption type in common.',
  KDC_ERR_SUMTYPE_NOSUPP: 'The checksum is of a type that is not supported or not permitted.',
  KDC_ERR_PADATA_TYPE_NOSUPP: 'The KDC does not know, or does not offer, this way to prove who the client is.',
  KDC_ERR_TRTYPE_NOSUPP: 'The list of realms between client and service is encoded in an unknown way.',
  KDC_ERR_CLIENT_REVOKED: 'The account of the client is disabled or locked out.',
  KDC_ERR_SERVICE_REVOKED: 'The account of the service is disabled or locked out.',
  KDC_ERR_TGT_REVOKED: 'The KDC does not accept this ticket-granting ticket any longer.',
  KDC_ERR_CLIENT_NOTYET: 'The account of the client is not valid yet.',
  KDC_ERR_SERVICE_NOTYET: 'The account of the service is not valid yet.',
  KDC_ERR_KEY_EXPIRED: 'The password has expired and must be changed first.',
  KDC_ERR_PREAUTH_FAILED: 'The password or key is wrong, or another proof of the identity failed.',
  KDC_ERR_PREAUTH_REQUIRED: 'The KDC wants a proof of the identity (pre-authentication) before it answers.',
  KDC_ERR_SERVER_NOMATCH: 'The ticket that was sent along is for another service than the requested one.',
  KDC_ERR_MUST_USE_USER2USER: 'The service has tickets only from user to user, sealed with its session key.',
  KDC_ERR_PATH_NOT_ACCEPTED: 'The KDC does not trust a realm between client and service.',
  KDC_ERR_SVC_UNAVAILABLE: 'The KDC, or a server behind it, is not available now.',
  KRB_AP_ERR_BAD_INTEGRITY: 'A decryption failed: the key is another one, or the octets were changed on the way.',
  KRB_AP_ERR_TKT_EXPIRED: 'The ticket has expired.',
  KRB_AP_ERR_TKT_NYV: 'The ticket is not valid yet: often a clock is wrong.',
  KRB_AP_ERR_REPEAT: 'The same request was seen before: it is a replay.',
  KRB_AP_ERR_NOT_US: 'The ticket is for a service of another name.',
  KRB_AP_ERR_BADMATCH: 'Two parts that must name the same party, or carry the same value, do not.',
  KRB_AP_ERR_SKEW: 'The clocks of the two sides differ too much.',
  KRB_AP_ERR_BADADDR: 'The ticket is for another network address than the one it came from.',
  KRB_AP_ERR_BADVERSION: 'The message is of another version of the protocol.',
  KRB_AP_ERR_MSG_TYPE: 'The message is of another type than the one that belongs here.',
  KRB_AP_ERR_MODIFIED: 'A checksum or a signature is wrong: the message was changed, or somebody else wrote it.',
  KRB_AP_ERR_BADORDER: 'Messages came in another order than they were sent.',
  KRB_AP_ERR_BADKEYVER: 'The ticket is sealed with a version of the key (kvno) that the keytab does not have.',
  KRB_AP_ERR_NOKEY: 'There is no key with which this could be opened or verified.',
  KRB_AP_ERR_MUT_FAIL: 'The other side did not prove who it is (mutual authentication).',
  KRB_AP_ERR_BADDIRECTION: 'The message was written by the side that received it: it was sent back.',
  KRB_AP_ERR_METHOD: 'The other side wants another method of authentication.',
  KRB_AP_ERR_BADSEQ: 'The sequence number is wrong.',
  KRB_AP_ERR_INAPP_CKSUM: 'The checksum is of a type that is not permitted here, or is missing.',
  KRB_AP_PATH_NOT_ACCEPTED: 'The path of trust between two realms is missing, goes in a circle, or is not accepted.',
  KRB_ERR_RESPONSE_TOO_BIG: 'The answer is too big for UDP; it is asked for again by TCP.',
  KRB_ERR_GENERIC: 'The other side failed without a code of its own; its text may say more.',
  KRB_ERR_FIELD_TOOLONG: 'A message or a field is longer than what is accepted.',
  KDC_ERR_CLIENT_NOT_TRUSTED: 'The KDC does not trust the certificate of the client.',
  KDC_ERR_KDC_NOT_TRUSTED: 'The client does not trust the certificate of the KDC.',
  KDC_ERR_INVALID_SIG: 'The KDC did not accept a signature made with a certificate.',
  KDC_ERR_KEY_TOO_WEAK: 'The KDC finds the public key of the client too weak.',
  KDC_ERR_CERTIFICATE_MISMATCH: 'The certificate is for another account than the one that its name leads to.',
  KDC_ERR_WRONG_REALM: 'The client belongs to another realm than the one that was asked.',
  KRB_AP_ERR_USER_TO_USER_REQUIRED: 'The service accepts only tickets from user to user.',
  KDC_ERR_CANT_VERIFY_CERTIFICATE: 'No trusted authority has issued the certificate of the client.',
  KDC_ERR_INVALID_CERTIFICATE: 'The certificate of the client cannot be read, is not valid now, or may not be used so.',
  KDC_ERR_REVOKED_CERTIFICATE: 'The certificate of the client was revoked.',
  KDC_ERR_REVOCATION_STATUS_UNKNOWN: 'The authority does not know whether the certificate of the client was revoked.',
  KDC_ERR_REVOCATION_STATUS_UNAVAILABLE: 'Whether the certificate of the client was revoked could not be found out.',
  KDC_ERR_CLIENT_NAME_MISMATCH: 'The certificate of the client does not say whose it is, or belongs to nobody.',
  KDC_ERR_KDC_NAME_MISMATCH: 'The certificate of the KDC is for another realm.',
  KDC_ERR_INCONSISTENT_KEY_PURPOSE: 'The certificate of the client was issued for another purpose.',
  KDC_ERR_DIGEST_IN_CERT_NOT_ACCEPTED:
    'The certificate of the client is signed with a digest that the KDC does not accept.',
  KDC_ERR_PA_CHECKSUM_MUST_BE_INCLUDED: 'The KDC wants a checksum of the request within the proof with a certificate.',
  KDC_ERR_DIGEST_IN_SIGNED_DATA_NOT_ACCEPTED: 'The proof is signed with a digest that the KDC does not accept.',
  KDC_ERR_PUBLIC_KEY_ENCRYPTION_NOT_SUPPORTED: 'The KDC agrees on a key only by Diffie-Hellman, and not by encryption.',
  KDC_ERR_NO_ACCEPTABLE_KDF: 'Client and KDC have no way in common to derive a key from a certificate.',
  KDC_ERR_PREAUTH_EXPIRED: 'The conversation with the KDC took too long and must begin again.',
  KDC_ERR_MORE_PREAUTH_DATA_REQUIRED: 'The KDC wants another step of the proof of identity.',
  KDC_ERR_PREAUTH_BAD_AUTHENTICATION_SET: 'The KDC does not know the combination of proofs that the client has chosen.',
  KDC_ERR_UNKNOWN_CRITICAL_FAST_OPTIONS: 'The KDC does not know an option of FAST (armor) that must not be ignored.',
  KRB_AP_ERR_NO_TGT: 'The client sent a ticket from user to user, and the service has no ticket-granting ticket.',

  // Results of a password server: RFC 3244 section 2.
  KRB5_KPASSWD_SUCCESS: 'The password was changed.',
  KRB5_KPASSWD_MALFORMED: 'The password server could not read the request.',
  KRB5_KPASSWD_HARDERROR: 'The password server failed.',
  KRB5_KPASSWD_AUTHERROR: 'The password server did not accept the ticket.',
  KRB5_KPASSWD_SOFTERROR: 'The password policy refuses the new password.',
  KRB5_KPASSWD_ACCESSDENIED: 'The account may not change this password.',
  KRB5_KPASSWD_BAD_VERSION: 'The password server does not know this kind of request.',
  KRB5_KPASSWD_INITIAL_FLAG_NEEDED: 'The password server wants a ticket that was made by a sign-in.',
  KRB5_KPASSWD_OUTCOME_UNKNOWN: 'The answer of the password server was lost: the password may have been changed.',

  // Files, keys and the network, by the names that MIT krb5 gives them.
  KRB5_CCACHE_BADVNO: 'The file is not a credential cache, or is of an unknown version.',
  KRB5_CC_BADNAME: 'The name of a credential cache is not one.',
  KRB5_CC_FORMAT: 'The credential cache is damaged, or a value does not fit into it.',
  KRB5_CC_IO: 'The credential cache could not be read or written.',
  KRB5_CC_NOTFOUND: 'The credential cache has no ticket that fits.',
  KRB5_CC_UNKNOWN_TYPE: 'Credential caches of this type are not supported.',
  KRB5_CONFIG_BADFORMAT: 'An option, an argument or a configuration file is wrong.',
  KRB5_CONFIG_CANTOPEN: 'A configuration file could not be read.',
  KRB5_ERR_BAD_S2K_PARAMS: 'The KDC named a number of iterations outside the limits for making a key of a password.',
  KRB5_ERR_FAST_REQUIRED: 'FAST (armor) is required and is not available.',
  KRB5_FCC_NOFILE: 'There is no credential cache of this name.',
  KRB5_FCC_PERM: 'The credential cache belongs to another user, or may not be read.',
  KRB5_KCM_MALFORMED_REPLY: 'The daemon that keeps credential caches (KCM) sent what cannot be read.',
  KRB5_KCM_NO_SERVER: 'The daemon that keeps credential caches (KCM) does not answer.',
  KRB5_KCM_RPC_ERROR: 'The daemon that keeps credential caches (KCM) refused the request.',
  KRB5_KDC_UNREACH: 'No KDC of the realm answered.',
  KRB5_KEYTAB_BADVNO: 'The file is not a keytab, or is of an unknown version.',
  KRB5_KEY_WIPED: 'The key was wiped before and cannot be used any longer.',
  KRB5_KT_FORMAT: 'The keytab is damaged, or a value does not fit into it.',
  KRB5_KT_IOERR: 'The keytab could not be read.',
  KRB5_KT_NOTFOUND: 'There is no such keytab, or it has no key that fits.',
  KRB5_KT_UNKNOWN_TYPE: 'Keytabs of this type are not supported.',
  ASN1_BAD_FORMAT: 'A value cannot be encoded as the type of its field.',

  // Security contexts and the HTTP scheme Negotiate: the major status values of RFC 2744 section
  // 3.9.1.
  GSS_S_BAD_BINDINGS: 'The channel binding belongs to another TLS connection, or is missing.',
  GSS_S_BAD_MECH: 'The token is of a mechanism that is not supported, such as NTLM.',
  GSS_S_BAD_QOP: 'The protection that is wanted for messages is not offered by the other side.',
  GSS_S_BAD_SIG: 'The proof (MIC) over the negotiated mechanisms is wrong or missing.',
  GSS_S_CONTEXT_EXPIRED: 'The keys of a context have protected as much as they may; a new context is needed.',
  GSS_S_CREDENTIALS_EXPIRED: 'The session has ended, or the credentials of a context have.',
  GSS_S_DEFECTIVE_CREDENTIAL: 'The session cookie, or a credential, is damaged, or was made by somebody else.',
  GSS_S_DEFECTIVE_TOKEN: 'A token or a message is not what its specification says.',
  GSS_S_FAILURE: 'The other side ended the negotiation without a reason.',
  GSS_S_NO_CONTEXT: 'There is no security context, or it has ended.',
  GSS_S_NO_CRED: 'There are no credentials with which to act.',
  GSS_S_UNAVAILABLE: 'The context does not offer this, or this is not known about the caller.',

  // Names of Windows for what it does in the same place.
  ERROR_INVALID_SECURITY_DESCR: 'The text is not a security descriptor (SDDL).',
  SEC_E_LOGON_DENIED: 'The caller is known, and is not let in here.',
  SEC_E_NO_IMPERSONATION: 'There is no way to act as this user.',

  // Remote procedure calls (DCE/RPC, C706).
  RPC_BIND_REFUSED: 'An RPC server refused to be connected to an interface, or to the keys that it was shown.',
  RPC_FAULT: 'An RPC server refused a call.',

  // Names of MS-ERREF for what a domain controller says of NTLM and of a machine account.
  STATUS_ACCESS_DENIED: 'The domain controller does not take the password of the machine account.',
  STATUS_ACCOUNT_RESTRICTION: 'The account may not sign in with NTLM.',
  STATUS_INVALID_LOGON_HOURS: 'The account may not sign in at this time.',
  STATUS_INVALID_WORKSTATION: 'The account may not sign in from this machine.',
  STATUS_NO_LOGON_SERVERS: 'No domain controller of the domain of the user can be reached.',
  STATUS_NO_TRUST_SAM_ACCOUNT: 'The domain has no machine account of this name.',
  STATUS_NTLM_BLOCKED: 'NTLM, or what the client speaks of it, is not accepted.',

  // Names of Node and of HTTP/2 (RFC 9113 section 7).
  ERR_FEATURE_UNAVAILABLE_ON_PLATFORM: 'This runtime, or a library below, cannot do what is needed here.',
  HTTP_1_1_REQUIRED: 'The request would share an HTTP/2 connection with another identity, and needs one of its own.',
  ETIMEDOUT: 'A server could not be connected to, or did not answer, within a time limit.',

  // Results of LDAP (RFC 4511 section 4.1.9), and names of its clients.
  success: 'The operation was done.',
  operationsError: 'The operation came at the wrong time, such as in the middle of another one.',
  protocolError: 'The message is not what its specification says.',
  timeLimitExceeded: 'The operation took longer than its time limit.',
  sizeLimitExceeded: 'There are more entries than the limit allows.',
  compareFalse: 'The attribute does not have the compared value.',
  compareTrue: 'The attribute has the compared value.',
  authMethodNotSupported: 'The server does not offer this way to sign in.',
  strongerAuthRequired: 'The server wants a sign-in that is stronger, or a connection that is signed.',
  referral: 'Another server has the entry.',
  adminLimitExceeded: 'The operation exceeds a limit that an administrator has set.',
  unavailableCriticalExtension: 'The server does not know an extension that the request needs.',
  confidentialityRequired: 'The server wants an encrypted connection.',
  saslBindInProgress: 'The sign-in needs another step.',
  noSuchAttribute: 'The entry does not have this attribute or value.',
  undefinedAttributeType: 'The directory does not know an attribute of this name.',
  inappropriateMatching: 'The attribute cannot be compared in this way.',
  constraintViolation: 'The value breaks a rule of the directory.',
  attributeOrValueExists: 'The entry has this attribute or value already.',
  invalidAttributeSyntax: 'The value is not of the syntax of its attribute.',
  noSuchObject: 'There is no such entry.',
  aliasProblem: 'The alias does not lead to an entry.',
  invalidDNSyntax: 'The text is not a distinguished name.',
  aliasDereferencingProblem: 'The alias may not be followed, or leads nowhere.',
  inappropriateAuthentication: 'The account cannot sign in in this way.',
  invalidCredentials: 'The credentials are wrong, or are not accepted.',
  insufficientAccessRights: 'The account may not do this.',
  busy: 'The server is busy; a later try may succeed.',
  unavailable: 'The server is shutting down, or a part of it is not available.',
  unwillingToPerform: 'The server refuses the operation, often by a rule of its own.',
  loopDetect: 'Aliases or referrals lead in a circle.',
  namingViolation: 'The entry may not have this name, or not in this place.',
  objectClassViolation: 'The entry would not fit its object classes.',
  notAllowedOnNonLeaf: 'The entry has entries below it.',
  notAllowedOnRDN: 'The value is part of the name of the entry.',
  entryAlreadyExists: 'There is an entry of this name already.',
  objectClassModsProhibited: 'The object classes of an entry cannot be changed.',
  affectsMultipleDSAs: 'The operation would concern several servers.',
  other: 'The server failed for a reason that has no code.',
  ambiguousName: 'Several entries of the directory have this name.',
  filterError: 'The text is not a search filter.',
  noControllerFound: 'No domain controller is known.',
  serverDown: 'No domain controller can be reached, or the connection was lost.',

  // Names of OAuth and OpenID Connect: RFC 6749 section 4.1.2.1 and 5.2, RFC 6750 section 3.1.
  access_denied: 'The issuer has sent the person back without a sign-in: the person or a rule of the issuer said no.',
  insufficient_scope: 'The access token does not permit what this API needs.',
  invalid_grant: 'The issuer does not take the code of a sign-in: it was used before, or is too old.',
  invalid_token: 'The token is not one of the issuer for this app, is too old, or was changed.',
  temporarily_unavailable: 'The issuer does not answer; a later try may succeed.',

  // Names of s4u, where no protocol has one.
  S4U_BAD_REQUEST: 'Programs could read the request in several ways, or it is none that a gateway passes on.',
  S4U_CLOSED: 'The object was closed before.',
  S4U_ATTEMPTS_UNKNOWN: 'The store that counts attempts to sign in does not answer, so that no attempt can be made.',
  S4U_BAD_FORM: 'The body of the request is not what a sign-in page sends.',
  S4U_CLAIM_UNUSABLE: 'The claim of the issuer names no account, or is missing.',
  S4U_CROSS_SITE: 'A page of another site sent the request with the session of the user.',
  S4U_INNER_COOKIE: 'An inner server set a cookie with a name of the gateway; it was not passed on.',
  S4U_INNER_REFUSED: 'An inner server refused the credentials that it was given for a user.',
  S4U_INNER_BROKE_OFF: 'An inner server could not be reached, or broke off before it had answered.',
  S4U_NO_MEMBER: 'No inner server of the site can be reached.',
  S4U_OTHER_SCHEME: 'An inner server wants another way to authenticate than the one of its site.',
  S4U_PASSWORD_GONE: 'The password that the user has typed is not at hand any more.',
  S4U_NO_SITE: 'The gateway publishes nothing under this host and path.',
  S4U_NO_DIRECTORY: 'Names of groups or profiles of users are wanted, and the options name no directory.',
  S4U_NOT_LOADED: 'A library that is loaded when it is first needed was used before.',
  S4U_NOT_PERMITTED: 'A rule of the site does not let this caller, method or network pass.',
  S4U_PASSWORD_ASKED: 'A server asked for a password where a ticket is to be the only proof.',
  S4U_PEER_NOT_NAMED: 'A machine that is not named as a proxy asked what only a proxy may ask.',
  S4U_REDIS_FORGOT: 'Another master of Redis answers, and may not know what the last one knew.',
  S4U_REDIS_REFUSED: 'Redis answered a command with an error.',
  S4U_REDIS_REPLICAS: 'The master of Redis lacks replicas, one of which may have replaced it.',
  S4U_REDIS_UNREACHABLE: 'Redis cannot be reached, or did not answer in time.',
  S4U_REDIS_UNREADABLE: 'What lies under a key of Redis, or its answer, is not what s4u writes.',
  S4U_REPLAY_CACHE_FULL: 'The store that detects replays is full, so that no new request can be accepted.',
  S4U_REPLAY_STORE_DOWN: 'The store that detects replays does not answer, so that no request can be accepted.',
  S4U_SESSION_REVOCATION_UNKNOWN: 'Whether the session was revoked could not be found out.',
  S4U_SESSION_REVOKED: 'The session was revoked.',
  S4U_SESSION_NOT_BEGUN: 'The user has signed in, but no session could be begun.',
  S4U_SIGN_IN_BUSY: 'Too many users are signing in at the same time.',
  S4U_STALE_FORM: 'A sign-in form is too old, or was not sent to this browser.',
  S4U_TIMEOUT: 'The time limit ended before there was an answer.',
  S4U_TLS_REQUIRED: 'Credentials came without TLS, and were not looked at.',
  S4U_TOO_MANY_IDENTITIES: 'Connections are open for as many users as are permitted, and all of them are in use.',
  S4U_TOO_MANY_ATTEMPTS: 'Too many attempts to sign in have failed for this user, or from this address.',
  S4U_TOO_MANY_REQUESTS: 'As many requests are under way as are permitted, of this caller or of all.',
  S4U_UNKNOWN_OPTION: 'There is no option of this name.',
  S4U_UNKNOWN_STATE: 'The answer of an issuer belongs to no sign-in that this browser has begun.',
  S4U_UNNAMED_PROXY: 'A header that only a named proxy may set came from somebody else.',
  S4U_USAGE: 'The command line has a command, an option or a value that there is not, or lacks one.',

  ...FILE_ERROR_MEANINGS,
} as const

/**
 * A value of `S4uError.code`. `switch (error.code)` narrows it, and does not compile with a
 * misspelt code. A number that a KDC, a password server or a directory sends and that no
 * specification names is part of the code: `KRB_ERROR_1234`.
 *
 * @example
 * ```ts
 * import { S4uError } from '@s4u/krb5'
 *
 * export function isTransient(error: unknown): boolean {
 *   if (!S4uError.is(error)) return false
 *   switch (error.code) {
 *     case 'KRB5_KDC_UNREACH':
 *     case 'KDC_ERR_SVC_UNAVAILABLE':
 *       return true
 *     default:
 *       return false
 *   }
 * }
 * ```
 */
export type S4uErrorCode =
  | keyof typeof ERROR_MEANINGS
  | `KRB_ERROR_${number}`
  | `KRB5_KPASSWD_RESULT_${number}`
  | `resultCode${number}`
