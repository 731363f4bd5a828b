/**
 * Names the user of an S4U2Self request, and reads whom the KDC confirms. There are two forms.
 * Source: MS-SFU section 2.2.
 */

import {
  type Checksum,
  decode,
  elementAt,
  encode,
  findPaData,
  forUserChecksumInput,
  formatPrincipal,
  hmacMd5Checksum,
  kerberosFlags,
  KeyUsage,
  NameType,
  PaForUser,
  type PaData,
  PaS4uX509User,
  PaType,
  type Principal,
  RejectedTokenError,
  S4uOption,
  type S4uErrorCode,
  S4uUserId,
  samePrincipal,
  verifyChecksumOfType,
} from '@s4u/krb5'
import type { S4uUser } from '../tickets/s4u-user.js'
import type { CheckedReply, RequestBinding } from '../tgs-exchange/tgs-request.js'

/**
 * KERB_CHECKSUM_HMAC_MD5, which PA-FOR-USER uses with keys of every type. Source: MS-SFU section
 * 2.2.1.
 */
const KERB_CHECKSUM_HMAC_MD5 = -138

/**
 * With RC4 keys, PA-S4U-X509-USER has checksums that anybody can make, so only PA-FOR-USER is sent.
 * Source: MS-SFU section 2.2.2.
 */
const RC4 = 23

/** Returns both forms if both are possible, as Windows and MIT send them. */
export function s4uPadata(user: S4uUser, realm: string, binding: RequestBinding): readonly PaData[] {
  const { principal } = user
  const byName = principal ? [paForUser(principal, binding)] : []
  return binding.subkey.etype === RC4 && principal ? byName : [paS4uX509User(user, realm, binding), ...byName]
}

/** Returns a PA-FOR-USER. Source: MS-SFU section 2.2.1. */
function paForUser(user: Principal, { sessionKey }: RequestBinding): PaData {
  const forUser = { userName: user.name, userRealm: user.realm, authPackage: 'Kerberos' }
  const checksum = hmacMd5Checksum(sessionKey, KeyUsage.NON_KERB_CHECKSUM, forUserChecksumInput(forUser))
  const cksum = { cksumtype: KERB_CHECKSUM_HMAC_MD5, checksum }
  return { padataType: PaType.FOR_USER, padataValue: encode(PaForUser, { ...forUser, cksum }) }
}

/**
 * Returns a PA-S4U-X509-USER. The key of its checksum is the subkey, as in MIT, Heimdal and
 * Windows, although the specification says otherwise. Source: MS-SFU section 2.2.2.
 */
function paS4uX509User({ principal, certificate }: S4uUser, realm: string, { nonce, subkey }: RequestBinding): PaData {
  const userId: S4uUserId = {
    nonce,
    cname: principal?.name,
    crealm: principal?.realm ?? realm,
    subjectCertificate: certificate,
    options: kerberosFlags(S4uOption.USE_REPLY_KEY_USAGE),
  }
  const covered = encode(S4uUserId, userId)
  const checksum: Checksum = {
    cksumtype: subkey.checksumType,
    checksum: subkey.checksum(KeyUsage.PA_S4U_X509_USER_REQUEST, covered),
  }
  return { padataType: PaType.S4U_X509_USER, padataValue: encode(PaS4uX509User, { userId, checksum }) }
}

/** The user that the ticket must name, and whether the KDC has signed that name. */
export interface ConfirmedUser {
  readonly client: Principal
  readonly isSigned: boolean
}

/**
 * Returns the user that was asked for. For an enterprise name or a certificate it is the name that
 * the KDC resolved it to and signed. Source: MS-SFU section 3.1.5.1.2.
 *
 * @throws RejectedTokenError
 */
export function confirmedUser({ principal: asked, certificate }: S4uUser, reply: CheckedReply): ConfirmedUser {
  const signed = signedUser(reply)
  if (asked === undefined) {
    if (signed) return { client: signed, isSigned: true }
    throw mismatch('nobody: it does not say whose certificate it is', 'KDC_ERR_PADATA_TYPE_NOSUPP')
  }
  if (signed === undefined) {
    if (certificate === undefined) return { client: asked, isSigned: false }
    throw mismatch('nobody: it has not looked at the certificate', 'KDC_ERR_PADATA_TYPE_NOSUPP')
  }
  const adoptable = asked.name.nameType === NameType.ENTERPRISE
  if (!adoptable && !samePrincipal(signed, asked)) throw mismatch(formatPrincipal(signed))
  return { client: signed, isSigned: true }
}

function signedUser({ padata, nonce, subkey }: CheckedReply): Principal | undefined {
  const bytes = findPaData(padata, PaType.S4U_X509_USER)
  if (bytes === undefined || subkey.etype === RC4) return undefined
  const { userId, checksum } = decode(PaS4uX509User, bytes)
  const covered = elementAt(bytes, 'PA-S4U-X509-USER.user-id', 0x30, 0xa0)
  verifyChecksumOfType(subkey, checksum.cksumtype, KeyUsage.PA_S4U_X509_USER_REPLY, covered, checksum.checksum)
  if (userId.nonce !== nonce) throw mismatch('another request')
  return userId.cname && { name: userId.cname, realm: userId.crealm }
}

function mismatch(found: string, code: S4uErrorCode = 'KRB_AP_ERR_BADMATCH'): RejectedTokenError {
  return new RejectedTokenError(`S4U2Self: the KDC's signed user does not belong to the request: found ${found}`, {
    code,
    hint: 'The reply was changed on the way, or the KDC does not support this form of S4U2Self.',
  })
}
