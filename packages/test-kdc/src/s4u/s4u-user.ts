import {
  type Checksum,
  decode,
  elementAt,
  encode,
  findPaData,
  forUserChecksumInput,
  hasFlag,
  type KdcReq,
  type Key,
  KeyUsage,
  type PaData,
  PaForUser,
  PaS4uX509User,
  PaType,
  type PrincipalName,
  RejectedTokenError,
  S4uOption,
  S4uUserId,
  verifyChecksumOfType,
} from '@s4u/krb5'
import { refuse } from '../kdc/refusal.js'
import type { TgsHeader } from '../ticket-granting/tgs-header.js'

/**
 * The user for whom a service asks a ticket to itself. A checksum proves that the service named the
 * user.
 */
export interface S4uUser {
  /** Absent when only a certificate was sent. */
  readonly name: PrincipalName | undefined
  readonly realm: string
  readonly certificate: Uint8Array | undefined
  /** Returns the padata that the reply must carry for this name. */
  replyPadata(cname: PrincipalName, crealm: string): readonly PaData[] | undefined
}

/**
 * Reads PA-S4U-X509-USER and PA-FOR-USER. Where the request has both, the former counts, and both
 * must be right. Undefined for a request without S4U2Self.
 *
 * Source: MS-SFU section 3.2.5.1.1.
 */
export function acceptS4uUser(request: KdcReq, header: TgsHeader): S4uUser | undefined {
  const forUser = findPaData(request.padata, PaType.FOR_USER)
  const byForUser = forUser === undefined ? undefined : acceptForUser(forUser, header.ticket.key)
  const x509 = findPaData(request.padata, PaType.S4U_X509_USER)
  if (x509 === undefined) return byForUser
  if (header.replyKey.etype !== RC4) return acceptX509User(x509, request.reqBody.nonce, header)
  // With RC4 the checksum of PA-S4U-X509-USER has no key, so the request is refused without
  // PA-FOR-USER. To ignore it would make a ticket in the name of the service itself.
  return byForUser ?? refuse('KDC_ERR_SUMTYPE_NOSUPP', 'with an RC4 key only PA-FOR-USER names a user')
}

function acceptForUser(bytes: Uint8Array, sessionKey: Key): S4uUser {
  const forUser = decode(PaForUser, bytes)
  const { cksumtype, checksum } = forUser.cksum
  // HMAC-MD5 with any key; Heimdal sends the checksum of the type of the key.
  judge(() => {
    const policy = { hmacMd5WithAnyKey: true }
    verifyChecksumOfType(
      sessionKey,
      cksumtype,
      KeyUsage.NON_KERB_CHECKSUM,
      forUserChecksumInput(forUser),
      checksum,
      policy,
    )
  })
  return { name: forUser.userName, realm: forUser.userRealm, certificate: undefined, replyPadata: () => undefined }
}

function acceptX509User(bytes: Uint8Array, nonce: number, { subkey, ticket }: TgsHeader): S4uUser {
  const { userId, checksum } = decode(PaS4uX509User, bytes)
  const key = subkey ?? ticket.key
  const covered = elementAt(bytes, 'PA-S4U-X509-USER.user-id', 0x30, 0xa0)
  judge(() =>
    verifyChecksumOfType(key, checksum.cksumtype, KeyUsage.PA_S4U_X509_USER_REQUEST, covered, checksum.checksum),
  )
  if (userId.nonce !== nonce) refuse('KRB_AP_ERR_MODIFIED', 'the nonce of PA-S4U-X509-USER is not that of the request')
  return {
    name: userId.cname?.nameString.some((part) => part !== '') ? userId.cname : undefined,
    realm: userId.crealm,
    certificate: userId.subjectCertificate,
    replyPadata: (cname, crealm) => [replyPadata({ ...userId, cname, crealm }, key)],
  }
}

/**
 * Returns the user-id of the request with the name filled in, signed with a key usage of its own
 * where the client asks for that. Source: MS-SFU section 3.2.5.1.2.
 */
function replyPadata({ nonce, cname, crealm, options }: S4uUserId, key: Key): PaData {
  const userId = { nonce, cname, crealm, options }
  const replyUsage = options !== undefined && hasFlag(options, S4uOption.USE_REPLY_KEY_USAGE)
  const usage = replyUsage ? KeyUsage.PA_S4U_X509_USER_REPLY : KeyUsage.PA_S4U_X509_USER_REQUEST
  const checksum: Checksum = { cksumtype: key.checksumType, checksum: key.checksum(usage, encode(S4uUserId, userId)) }
  return { padataType: PaType.S4U_X509_USER, padataValue: encode(PaS4uX509User, { userId, checksum }) }
}

/** Makes a refusal of a wrong checksum. A checksum without a key was CVE-2018-16860. */
function judge(verify: () => void): void {
  try {
    verify()
  } catch (error) {
    if (!(error instanceof RejectedTokenError)) throw error
    if (error.code === 'KRB_AP_ERR_INAPP_CKSUM')
      refuse('KDC_ERR_SUMTYPE_NOSUPP', 'the checksum over the user is not keyed')
    refuse('KRB_AP_ERR_MODIFIED', 'the checksum over the user is wrong')
  }
}

const RC4 = 23
