/**
 * Where a user belongs whose name does not say it. Source: MS-SFU section 3.1.5.1.1.1, RFC 6806
 * section 7.
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
const MAX_REALMS = 4
/** The answer is not wanted, so nothing needs to last. */
const LIFETIME = 600_000

/** Whether the own KDC leads to a realm. */
export type LeadsTo = (realm: string) => Promise<boolean>

export interface UserInRealm {
  readonly user: S4uUser
  readonly realm: string
}

/**
 * A user, and the realm whose KDC knows him: that of an enterprise name, and of the one in a
 * certificate, has to be found.
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
 * The name whose realm is not plain to see: an enterprise name, or the one in a certificate with
 * another suffix.
 */
function nameToResolve({ principal, upn }: S4uUser, realm: string): Principal | undefined {
  if (principal) return principal.name.nameType === NameType.ENTERPRISE ? principal : undefined
  const named = upn?.includes('@') ? parseUser(upn, realm) : undefined
  return named?.name.nameType === NameType.ENTERPRISE ? named : undefined
}

/**
 * The realm of an enterprise name, found by beginning to sign the user in: no password is needed to
 * be sent to the right realm. Undefined where no KDC knows the name. What is learned is under no
 * seal, and anybody may have written it: so a KDC is asked only where the own one leads to its
 * realm.
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
 * The realm that the suffix would be, if there is a way to it; else the own, whose refusal is then
 * the answer.
 */
async function reachableRealmOrOwn(user: Principal, ownRealm: string, leadsTo: LeadsTo): Promise<string> {
  const realm = realmOfSuffix(user)
  return (await leadsTo(realm)) ? realm : ownRealm
}

/**
 * The realm that a name with this suffix would belong to if the suffix were one: `WEST.TEST` of
 * `bob@west.test`.
 */
function realmOfSuffix({ name }: Principal): string {
  const suffix = name.nameString[0].slice(name.nameString[0].lastIndexOf('@') + 1)
  return /[A-Z]/.test(suffix) ? suffix : asciiUpper(suffix)
}

/**
 * As the KDC of the user's realm will know it: `oscar` of `oscar@PARTNER.TEST` there; a name with
 * another suffix stays whole.
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

/** Where the KDC sends us, unless we come from there. */
function nextRealm({ errorCode, crealm }: KrbError, visited: readonly string[]): string | undefined {
  if (errorCode !== KRB.KDC_ERR_WRONG_REALM || crealm === undefined) return undefined
  return visited.some((realm) => sameRealmIgnoringCase(realm, crealm)) ? undefined : crealm
}
