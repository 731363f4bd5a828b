import {
  AuthorizationData,
  decode,
  findPaData,
  formatName,
  hasFlag,
  type KdcReq,
  type KdcReqBody,
  KeyUsage,
  openEncryptedData,
  PacOption,
  PaPacOptions,
  PaType,
  type PrincipalName,
  sameRealmIgnoringCase,
} from '@s4u/krb5'
import { requireUsableAccount } from '../tickets/account-restrictions.js'
import type { Account } from '../directory/account.js'
import type { Trust } from '../directory/directory.js'
import type { Exchange, Kdc } from '../kdc/kdc.js'
import { findDestination } from '../directory/referral.js'
import { refuse } from '../kdc/refusal.js'
import type { TgsHeader } from './tgs-header.js'

/** A TGS request whose client is proven and whose service is found. Nothing is decided yet. */
export interface TgsRequest {
  readonly body: KdcReqBody
  readonly header: TgsHeader
  readonly sname: PrincipalName
  /** The account of the client. Undefined for a client of another realm. */
  readonly client: Account | undefined
  /** The account of the service. Undefined for a service of another realm. */
  readonly service: Account | undefined
  /** The trust that leads to the realm of the service. Undefined for a service of this realm. */
  readonly trust: Trust | undefined
  /** Whether PA-PAC-OPTIONS asks for resource-based delegation. Undefined when it was not sent. */
  readonly resourceBased: boolean | undefined
  readonly clientAuthorization: AuthorizationData | undefined
  readonly exchange: Exchange
  asks(option: number): boolean
}

export function readTgsRequest(kdc: Kdc, request: KdcReq, header: TgsHeader, exchange: Exchange): TgsRequest {
  const body = request.reqBody
  const { sname } = body
  if (sname === undefined || sname.nameString.length === 0)
    return refuse('KDC_ERR_S_PRINCIPAL_UNKNOWN', 'the request names no service')
  const isOurs = kdc.directory.isOwnRealm(body.realm) || kdc.misbehave.endlessReferral
  if (!isOurs) refuse('KDC_ERR_S_PRINCIPAL_UNKNOWN', `this is not a KDC of ${body.realm}`)
  const client = findClient(kdc, header)
  const nowhere = kdc.misbehave.endlessReferral ? { account: kdc.directory.krbtgt } : undefined
  const destination = findDestination(kdc.directory, sname) ?? nowhere
  if (destination === undefined) return refuse('KDC_ERR_S_PRINCIPAL_UNKNOWN', `there is no ${formatName(sname)}`)
  return {
    body,
    header,
    sname,
    client,
    service: 'account' in destination ? destination.account : undefined,
    trust: 'trust' in destination ? destination.trust : undefined,
    resourceBased: resourceBasedOption(request),
    clientAuthorization: openClientAuthorization(body, header),
    exchange,
    asks: (option) => hasFlag(body.kdcOptions, option),
  }
}

function findClient({ directory }: Kdc, { ticket, pac, issuer }: TgsHeader): Account | undefined {
  if (!sameRealmIgnoringCase(ticket.crealm, directory.realm)) return undefined
  const account = directory.findClient(ticket.cname)
  // An account that was renamed to the name of another must not become the other (CVE-2021-42287),
  // so the SID in the PAC decides. A PAC from another realm is about a user of that realm.
  const requestor = issuer === undefined ? pac?.requestor : undefined
  const renamed = account !== undefined && requestor !== undefined && requestor !== account.sid
  if (account === undefined || renamed)
    return refuse('KDC_ERR_TGT_REVOKED', 'the client is not in the directory any more')
  requireUsableAccount(account)
  return account
}

function resourceBasedOption(request: KdcReq): boolean | undefined {
  const value = findPaData(request.padata, PaType.PAC_OPTIONS)
  return value && hasFlag(decode(PaPacOptions, value).flags, PacOption.RESOURCE_BASED_CONSTRAINED_DELEGATION)
}

/**
 * Opens the authorization data of the client, sealed with the subkey (usage 5) or the session key
 * (usage 4). Source: RFC 4120 section 3.3.2.
 */
function openClientAuthorization(
  { encAuthorizationData }: KdcReqBody,
  header: TgsHeader,
): AuthorizationData | undefined {
  if (encAuthorizationData === undefined) return undefined
  const usage = header.subkey === undefined ? KeyUsage.TGS_REQ_AUTHDATA_SESSION_KEY : KeyUsage.TGS_REQ_AUTHDATA_SUBKEY
  try {
    return decode(AuthorizationData, openEncryptedData(encAuthorizationData, header.replyKey, usage))
  } catch {
    return refuse('KRB_AP_ERR_BAD_INTEGRITY', 'the authorization data does not open')
  }
}
