/**
 * Key usage numbers: each purpose of a key derives its own keys, so that a ciphertext made for one
 * purpose cannot be used for another. Source: RFC 4120 section 7.5.1, RFC 4121 section 2, RFC 6113
 * section 5.4, MS-SFU section 2.2, MS-PAC section 2.8.
 */
export const KeyUsage = {
  PA_ENC_TIMESTAMP: 1,
  TICKET: 2,
  AS_REP: 3,
  TGS_REQ_AUTHDATA_SESSION_KEY: 4,
  TGS_REQ_AUTHDATA_SUBKEY: 5,
  TGS_REQ_CHECKSUM: 6,
  TGS_REQ_AUTHENTICATOR: 7,
  TGS_REP_SESSION_KEY: 8,
  TGS_REP_SUBKEY: 9,
  AP_REQ_CHECKSUM: 10,
  AP_REQ_AUTHENTICATOR: 11,
  AP_REP: 12,
  KRB_PRIV: 13,
  KRB_CRED: 14,
  KRB_SAFE: 15,
  PAC_CREDENTIAL: 16,
  /** KERB_NON_KERB_CKSUM_SALT: PA-FOR-USER, and the signatures of a PAC. */
  NON_KERB_CHECKSUM: 17,
  AD_KDC_ISSUED: 19,
  ACCEPTOR_SEAL: 22,
  ACCEPTOR_SIGN: 23,
  INITIATOR_SEAL: 24,
  INITIATOR_SIGN: 25,
  PA_S4U_X509_USER_REQUEST: 26,
  PA_S4U_X509_USER_REPLY: 27,
  PA_OTP_REQUEST: 45,
  FAST_REQ_CHECKSUM: 50,
  FAST_ENC: 51,
  FAST_REP: 52,
  FAST_FINISHED: 53,
  ENC_CHALLENGE_CLIENT: 54,
  ENC_CHALLENGE_KDC: 55,
  AS_REQ: 56,
  CAMMAC: 64,
} as const
