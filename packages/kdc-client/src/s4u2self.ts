/** S4U2Self: a ticket to the service itself in the name of a user who proved who he is by other means. Source: MS-SFU section 3.1.5.1. */

import {
  type Checksum,
  elementAt,
  decode,
  encode,
  findPaData,
  forUserChecksumInput,
  formatPrincipal,
  hmacMd5Checksum,
  KeyUsage,
  kerberosFlags,
  NameType,
  openTicket,
  PaForUser,
  type PaData,
  PaS4uX509User,
  PaType,
  parsePrincipal,
  type Principal,
  RejectedTokenError,
  S4uOption,
  S4uUserId,
  samePrincipal,
  sameRealmIgnoringCase,
  verifyChecksumOfType,
} from '@s4u/krb5'
import type { SignIn } from './credentials.js'
import type { KdcContext } from './kdc-exchange.js'
import type { ServiceTicket } from './service-ticket.js'
import { type CheckedReply, type RequestBinding, requestTicket, type TgsOutcome } from './tgs-exchange.js'

/** KERB_CHECKSUM_HMAC_MD5: prescribed for PA-FOR-USER whatever the key. Source: MS-SFU section 2.2.1. */
const KERB_CHECKSUM_HMAC_MD5 = -138

export interface S4u2selfRequest {
  readonly tgt: ServiceTicket
  /** The service that asks, by the name with which it signed in. */
  readonly service: Principal
  readonly user: Principal
}

export async function requestS4u2self(
  context: KdcContext,
  request: S4u2selfRequest,
  signal?: AbortSignal,
): Promise<TgsOutcome> {
  const { tgt, service, user } = request
  return requestTicket(
    context,
    {
      tgt,
      sname: service.name,
      padata: (binding) => [paS4uX509User(user, binding), paForUser(user, binding)],
      expectedClient: (reply) => confirmedUser(user, reply),
    },
    signal,
  )
}

/**
 * `bob`, `bob@AD.TEST` and, as an enterprise name for the service's realm to resolve, `bob.builder@corp.example`.
 * @throws MalformedTokenError
 */
export function parseUser(text: string, realm: string): Principal {
  const at = text.lastIndexOf('@')
  if (at < 0) return parsePrincipal(text, { realm, nameType: NameType.PRINCIPAL })
  if (sameRealmIgnoringCase(text.slice(at + 1), realm)) {
    return parsePrincipal(text.slice(0, at), { realm, nameType: NameType.PRINCIPAL })
  }
  return parsePrincipal(text, { realm, nameType: NameType.ENTERPRISE })
}

/**
 * Opens the ticket with the service's own key, where a keytab has it, and compares the sealed name: the name in the reply is not
 * protected, and whoever sits on the network could have put the user's name on a ticket of the service itself.
 * @throws RejectedTokenError KRB_AP_ERR_BADMATCH or KRB_AP_ERR_MODIFIED
 */
export function verifyOwnTicket({ ticket, client }: ServiceTicket, signIn: SignIn): void {
  const key = signIn.findKey?.(ticket.encPart.etype, ticket.encPart.kvno)
  if (key === undefined) return
  const { crealm, cname } = openTicket(ticket, key).encTicketPart
  if (!samePrincipal({ name: cname, realm: crealm }, client)) {
    throw new RejectedTokenError(
      `S4U2Self: the reply speaks of ${formatPrincipal(client)}, but its ticket names ${formatPrincipal({ name: cname, realm: crealm })}`,
      {
        code: 'KRB_AP_ERR_BADMATCH',
        hint: 'The reply was changed on the way from the KDC, or the KDC does not support S4U2Self.',
      },
    )
  }
}

/** Source: MS-SFU section 2.2.1. */
function paForUser(user: Principal, { sessionKey }: RequestBinding): PaData {
  const forUser = { userName: user.name, userRealm: user.realm, authPackage: 'Kerberos' }
  const checksum = hmacMd5Checksum(sessionKey, KeyUsage.NON_KERB_CHECKSUM, forUserChecksumInput(forUser))
  const cksum = { cksumtype: KERB_CHECKSUM_HMAC_MD5, checksum }
  return { padataType: PaType.FOR_USER, padataValue: encode(PaForUser, { ...forUser, cksum }) }
}

/** The checksum's key is the subkey, as MIT, Heimdal and Windows have it, whatever the text says. Source: MS-SFU section 2.2.2. */
function paS4uX509User(user: Principal, { nonce, subkey }: RequestBinding): PaData {
  const userId = { nonce, cname: user.name, crealm: user.realm, options: kerberosFlags(S4uOption.USE_REPLY_KEY_USAGE) }
  const covered = encode(S4uUserId, userId)
  const checksum: Checksum = {
    cksumtype: subkey.checksumType,
    checksum: subkey.checksum(KeyUsage.PA_S4U_X509_USER_REQUEST, covered),
  }
  return { padataType: PaType.S4U_X509_USER, padataValue: encode(PaS4uX509User, { userId, checksum }) }
}

/**
 * Whom the ticket must name: the user asked for, or, where an enterprise name was asked for, the name that the KDC resolved it to and
 * signed. Source: MS-SFU section 3.1.5.1.2.
 */
function confirmedUser(asked: Principal, { padata, nonce, subkey }: CheckedReply): Principal {
  const bytes = findPaData(padata, PaType.S4U_X509_USER)
  if (bytes === undefined) return asked
  const { userId, checksum } = decode(PaS4uX509User, bytes)
  const covered = elementAt(bytes, 'PA-S4U-X509-USER.user-id', 0x30, 0xa0)
  verifyChecksumOfType(subkey, checksum.cksumtype, KeyUsage.PA_S4U_X509_USER_REPLY, covered, checksum.checksum)
  if (userId.nonce !== nonce) throw mismatch('another request')
  const confirmed = userId.cname && { name: userId.cname, realm: userId.crealm }
  if (confirmed === undefined) return asked
  if (asked.name.nameType !== NameType.ENTERPRISE && !samePrincipal(confirmed, asked))
    throw mismatch(formatPrincipal(confirmed))
  return confirmed
}

function mismatch(found: string): RejectedTokenError {
  return new RejectedTokenError(`S4U2Self: the KDC's signed user does not belong to the request: found ${found}`, {
    code: 'KRB_AP_ERR_BADMATCH',
  })
}
