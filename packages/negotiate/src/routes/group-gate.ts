import { ConfigurationError, S4uError, shownInput } from '@s4u/kdc-client'
import { parseSid } from '@s4u/krb5'
import type { CallerIdentity } from '../delegation/caller-identity.js'
import { withoutDirectory } from '../directory/directory-option.js'
import { declareGroup, unknownGroups } from '../directory/group-names.js'
import type { NegotiableRequest } from '../http/request.js'
import type { Challenge } from '../http/response.js'
import { forbidden, type Gate, notYet, PASS, unknownCaller } from './gate.js'
import { findNegotiator } from './negotiator-of-request.js'

/**
 * Returns a gate for members of at least one of the groups; other callers get 403, and so does a
 * caller whose groups are not known. Tickets have the SIDs of groups: the directory of the
 * negotiator resolves names, when it starts.
 *
 * ```ts
 * import { groupGate } from '@s4u/negotiate'
 *
 * const sales = groupGate(['S-1-5-21-1004336348-1177238915-682003330-1110'])
 * const staff = groupGate(String.raw`CORP\Staff`)
 * ```
 *
 * @param groups SIDs, or `CORP\Sales` with the option `directory` of the negotiator
 * @throws ConfigurationError at once for what is neither
 */
export function groupGate(groups: string | readonly string[]): Gate
/** @deprecated Since 0.2: give the groups as a list. */
export function groupGate(...groups: readonly string[]): Gate
export function groupGate(...given: readonly (string | readonly string[])[]): Gate {
  const groups = given.flat()
  if (groups.length === 0) throw new ConfigurationError('requireGroup needs at least one group')
  for (const group of groups) {
    if (isSid(group)) requireSid(group)
    else requireName(group)
  }
  return (request, identity) => {
    if (identity === undefined) return unknownCaller(request)
    const { sids, pending } = sidsOf(request, groups)
    if (identity.groupsUnknown !== undefined) return groupsUnknown(request, identity, sids)
    if (sids.some((sid) => identity.isInGroup(sid))) return PASS
    return pending === undefined
      ? forbidden(request, identity, whyInNone(identity, sids))
      : notYet(`the group ${pending.group}`, pending.why)
  }
}

interface Groups {
  readonly sids: readonly string[]
  /** A name that the directory has not resolved yet, and why. */
  readonly pending: { readonly group: string; readonly why: string } | undefined
}

/**
 * Without waiting.
 * @throws ConfigurationError for a name that the directory does not know, or without a directory
 */
function sidsOf(request: NegotiableRequest, groups: readonly string[]): Groups {
  const sids: string[] = []
  let pending: Groups['pending']
  for (const group of groups) {
    if (isSid(group)) {
      sids.push(group)
      continue
    }
    const names = findNegotiator(request)?.groups
    if (names === undefined) throw withoutDirectory('requireGroup with the name of a group')
    const found = names.find(group)
    if (found.status === 'unknown') throw unknownGroups([group])
    if (found.status === 'known') sids.push(found.sid)
    else pending = { group, why: found.why }
  }
  return { sids, pending }
}

/** The cause says what to do; the class of the error does not. */
function groupsUnknown(request: NegotiableRequest, identity: CallerIdentity, sids: readonly string[]): Challenge {
  try {
    identity.isInGroup(sids[0] ?? NULL_SID)
  } catch (error) {
    if (!S4uError.is(error)) throw error
    return forbidden(request, identity, `may be in any group: ${identity.groupsUnknown}`, { cause: error })
  }
  return forbidden(request, identity, `may be in any group: ${identity.groupsUnknown}`)
}

/** No group has the name. */
const NULL_SID = 'S-1-0-0'

function whyInNone({ withheld }: CallerIdentity, sids: readonly string[]): string {
  const none = 'is in none of the groups of this route'
  const said = sids.find((sid) => withheld?.sids?.includes(sid))
  if (withheld === undefined || said === undefined) return none
  return `${none}: that ${said} is one of its SIDs, a PAC of ${withheld.realm} has no authority to say`
}

/** What begins as a SID is meant as one. */
function isSid(group: string): boolean {
  return typeof group !== 'string' || /^S-\d/i.test(group)
}

/** `DOMAIN\Group` or `DOMAIN\Group name`. */
const NAME = /^[^\\/@"[\]:;|=+*?<>\p{C}]{1,255}\\[^\\/"[\]:;|=+*?<>\p{C}]{1,256}$/u

/** Without a domain a name may be that of another group tomorrow. */
function requireName(group: string): void {
  if (!NAME.test(group)) throw noGroup(group)
  declareGroup(group)
}

function requireSid(sid: unknown): void {
  try {
    // A list within the list would be read as its text, and no caller would be in that group.
    parseSid(typeof sid === 'string' ? sid : '')
  } catch (cause) {
    throw noGroup(sid, cause)
  }
}

function noGroup(group: unknown, cause?: unknown): ConfigurationError {
  return new ConfigurationError(`requireGroup: ${shownInput(group)} is no SID, and no name of a group`, {
    hint: String.raw`Write 'CORP\\Sales', for which the negotiator needs the option directory, or the SID. On Windows: (Get-ADGroup NAME).SID, on Samba: samba-tool group show NAME.`,
    cause,
  })
}
