/**
 * Finds the realm of a user whose name does not tell it. Source: MS-SFU section 3.1.5.1.1.1, RFC
 * 6806 section 7.
 */

import {
  asciiUpper,
  AsReq,
  encode,
  KdcOption,
  kerberosFlags,
  KRB_ERROR_CODES as KRB,
  type KrbError,
  NameType,
  type Principal,
  sameRealmIgnoringCase,
} from '@s4u/krb5'
import { exchangeWithKdc, newNonce } from '../exchange/kdc-exchange.js'
import type { KdcContext } from '../exchange/kdc-context.js'
import { ticketGrantingService } from '../tickets/granting-ticket.js'
import { parseUser, type S4uUser } from '../tickets/s4u-user.js'

const AS_REP_TAG = 0x6b
/**
 * The most realms on the way to that of a user: a KDC refers from one to the next, and could do so
 * in circles.
 */
const MAX_REALMS = 4
/** The lifetime that the request asks for; milliseconds. The reply is not used, so it is short. */
const LIFETIME = 600_000

/** Resolves to whether the service's KDC leads to a realm. */
export type LeadsTo = (realm: string) => Promise<boolean>

export interface UserInRealm {
  readonly user: S4uUser
  readonly realm: string
}

/**
 * Returns a user with the realm whose KDC knows the user. The realm has to be found for an
 * enterprise name, and for a user principal name in a certificate.
 */
export async function resolveUserRealm(
  context: KdcContext,
  user: S4uUser,
  ownRealm: string,
  leadsTo: LeadsTo,
): Promise<UserInRealm> {
  const unresolved = nameToResolve(user, ownRealm)
  if (unresolved === undefined) return { user, realm: user.principal?.realm ?? ownRealm }
  const realm =
    (await findUserRealm(context, unresolved, leadsTo)) ?? (await reachableRealmOrOwn(unresolved, ownRealm, leadsTo))
  if (sameRealmIgnoringCase(realm, ownRealm)) return { user, realm }
  const principal = user.principal && nameInRealm(realm, unresolved)
  return { user: { ...user, principal }, realm }
}

/**
 * Returns the name whose realm has to be found: an enterprise name, or the name in a certificate if
 * its suffix is not the service's realm.
 */
function nameToResolve({ principal, upn }: S4uUser, realm: string): Principal | undefined {
  if (principal) return principal.name.nameType === NameType.ENTERPRISE ? principal : undefined
  const named = upn?.includes('@') ? parseUser(upn, realm) : undefined
  return named?.name.nameType === NameType.ENTERPRISE ? named : undefined
}

/**
 * Finds the realm of an enterprise name by starting to sign the user in: a KDC names the right
 * realm before it asks for a password. Returns undefined if no KDC knows the name. Nothing
 * authenticates the answers, and anybody can forge them, so a realm is asked only if the service's
 * own KDC leads there.
 */
async function findUserRealm(context: KdcContext, user: Principal, leadsTo: LeadsTo): Promise<string | undefined> {
  const visited = [user.realm]
  while (visited.length <= MAX_REALMS) {
    const realm = visited[visited.length - 1]
    const answer = await exchangeWithKdc(context, realm, probe(context, user, realm), AS_REP_TAG)
    if ('reply' in answer) return realm
    const next = nextRealm(answer.error, visited)
    if (next === undefined) return answer.error.errorCode === KRB.KDC_ERR_C_PRINCIPAL_UNKNOWN ? undefined : realm
    if (!(await leadsTo(next))) return undefined
    visited.push(next)
  }
  return undefined
}

/**
 * Returns the realm that the suffix of the name suggests, if the service's KDC leads there.
 * Otherwise returns the service's own realm, whose refusal the caller then gets.
 */
async function reachableRealmOrOwn(user: Principal, ownRealm: string, leadsTo: LeadsTo): Promise<string> {
  const realm = realmOfSuffix(user)
  return (await leadsTo(realm)) ? realm : ownRealm
}

/** Returns the realm that the suffix of the name suggests: `WEST.TEST` of `bob@west.test`. */
function realmOfSuffix({ name }: Principal): string {
  const suffix = name.nameString[0].slice(name.nameString[0].lastIndexOf('@') + 1)
  return /[A-Z]/.test(suffix) ? suffix : asciiUpper(suffix)
}

/**
 * Returns the user as the KDC of the user's realm knows the user: `oscar` of `oscar@PARTNER.TEST`.
 * A name with another suffix stays whole.
 */
function nameInRealm(realm: string, user: Principal): Principal {
  const [text] = user.name.nameString
  const at = text.lastIndexOf('@')
  return sameRealmIgnoringCase(text.slice(at + 1), realm)
    ? { name: { nameType: NameType.PRINCIPAL, nameString: [text.slice(0, at)] }, realm }
    : { name: user.name, realm }
}

function probe({ clock, random, etypes }: KdcContext, user: Principal, realm: string): Uint8Array {
  const reqBody = {
    kdcOptions: kerberosFlags(KdcOption.CANONICALIZE),
    cname: user.name,
    realm,
    sname: ticketGrantingService(realm).name,
    till: clock.now() + LIFETIME,
    nonce: newNonce(random),
    etype: etypes,
  }
  return encode(AsReq, { padata: [], reqBody })
}

/** Returns the realm that a KDC names, unless that realm was asked before. */
function nextRealm({ errorCode, crealm }: KrbError, visited: readonly string[]): string | undefined {
  if (errorCode !== KRB.KDC_ERR_WRONG_REALM || crealm === undefined) return undefined
  return visited.some((realm) => sameRealmIgnoringCase(realm, crealm)) ? undefined : crealm
}
