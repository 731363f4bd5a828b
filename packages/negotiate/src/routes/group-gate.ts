import { ConfigurationError, S4uError, shownInput } from '@s4u/kdc-client'
import { parseSid } from '@s4u/krb5'
import type { CallerIdentity } from '../delegation/caller-identity.js'
import type { NegotiableRequest } from '../http/request.js'
import type { Challenge } from '../http/response.js'
import { forbidden, type Gate, PASS, unknownCaller } from './gate.js'

/**
 * Lets members of any of these groups pass; others get 403, and so do callers of whom nobody knows
 * the groups. @param sids `S-1-5-21-…-512`: names are not in tickets
 * @throws ConfigurationError at once for what is no SID
 */
export function groupGate(...sids: readonly string[]): Gate {
  if (sids.length === 0) throw new ConfigurationError('requireGroup needs at least one SID')
  for (const sid of sids) requireSid(sid)
  return (request, identity) => {
    if (identity === undefined) return unknownCaller(request)
    if (identity.groupsUnknown !== undefined) return groupsUnknown(request, identity, sids)
    return sids.some((sid) => identity.isInGroup(sid)) ? PASS : forbidden(request, identity, whyInNone(identity, sids))
  }
}

/** The cause, not the class, says what to do. */
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

function requireSid(sid: string): void {
  try {
    parseSid(sid)
  } catch (cause) {
    throw new ConfigurationError(`requireGroup: ${shownInput(sid)} is no SID`, {
      hint: 'Tickets name groups by SID. On Windows: (Get-ADGroup NAME).SID, on Samba: samba-tool group show NAME.',
      cause,
    })
  }
}
