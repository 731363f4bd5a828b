import { AsReq, decode, MessageType, TgsReq } from '@s4u/krb5'
import type { Front } from '../network/front.js'
import type { RealmState } from './realm-state.js'

/**
 * Returns the KDC that answers a request: that of the realm that the caller names, else of the
 * realm in the request, else this one.
 */
export function frontFor(state: RealmState, request: Uint8Array, realm: string | undefined): Front {
  const wanted = realm ?? requestedRealm(request)
  if (wanted === undefined || state.directory.isOwnRealm(wanted)) return state.front
  return [...reachable(state)].find(({ directory }) => directory.isOwnRealm(wanted))?.front ?? state.front
}

function requestedRealm(request: Uint8Array): string | undefined {
  try {
    return decode(request[0] === (0x60 | MessageType.AS_REQ) ? AsReq : TgsReq, request).reqBody.realm
  } catch {
    return undefined
  }
}

/** Returns this realm and all that can be reached from it by trusts, nearest first. */
export function reachable(state: RealmState, seen: Set<RealmState> = new Set()): Set<RealmState> {
  seen.add(state)
  for (const neighbour of state.neighbours) if (!seen.has(neighbour)) reachable(neighbour, seen)
  return seen
}
