import { ConfigurationError, S4uError, shownInput } from '@s4u/kdc-client'
import { parseSid } from '@s4u/krb5'
import type { CallerIdentity } from '../delegation/caller-identity.js'
import type { NegotiableRequest } from '../http/request.js'
import type { Challenge } from '../http/response.js'
import { forbidden, type Gate, PASS, unknownCaller } from './gate.js'

/**
 * Returns a gate for members of at least one of the groups; other callers get 403, and so does a
 * caller whose groups are not known.
 *
 * ```ts
 * import { groupGate } from '@s4u/negotiate'
 *
 * const sales = groupGate(['S-1-5-21-1004336348-1177238915-682003330-1110'])
 * ```
 *
 * @param sids SIDs, since tickets have no names of groups
 * @throws ConfigurationError at once for what is not a SID
 */
export function groupGate(sids: string | readonly string[]): Gate
/** @deprecated Since 0.2: give the SIDs as a list. */
export function groupGate(...sids: readonly string[]): Gate
export function groupGate(...given: readonly (string | readonly string[])[]): Gate {
  const sids = given.flat()
  if (sids.length === 0) throw new ConfigurationError('requireGroup needs at least one SID')
  for (const sid of sids) requireSid(sid)
  return (request, identity) => {
    if (identity === undefined) return unknownCaller(request)
    if (identity.groupsUnknown !== undefined) return groupsUnknown(request, identity, sids)
    return sids.some((sid) => identity.isInGroup(sid)) ? PASS : forbidden(request, identity, whyInNone(identity, sids))
  }
}

/** The cause says what to do; the class of the error does not. */
function groupsUnknown(request: NegotiableRequest, identity: CallerIdentity, sids: readonly string[]): Challenge {
  try {
    identity.isInGroup(sids[0])
  } catch (error) {
    if (!S4uError.is(error)) throw error
    return forbidden(request, identity, `may be in any group: ${identity.groupsUnknown}`, { cause: error })
  }
  return forbidden(request, identity, `may be in any group: ${identity.groupsUnknown}`)
}

function whyInNone({ withheld }: CallerIdentity, sids: readonly string[]): string {
  const none = 'is in none of the groups of this route'
  const said = sids.find((sid) => withheld?.sids?.includes(sid))
  if (withheld === undefined || said === undefined) return none
  return `${none}: that ${said} is one of its SIDs, a PAC of ${withheld.realm} has no authority to say`
}

function requireSid(sid: unknown): void {
  try {
    // A list within the list would be read as its text, and no caller would be in that group.
    parseSid(typeof sid === 'string' ? sid : '')
  } catch (cause) {
    throw new ConfigurationError(`requireGroup: ${shownInput(sid)} is no SID`, {
      hint: 'Tickets name groups by SID. On Windows: (Get-ADGroup NAME).SID, on Samba: samba-tool group show NAME.',
      cause,
    })
  }
}
