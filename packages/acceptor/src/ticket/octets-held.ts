import type { ClaimsArray, Pac } from '@s4u/krb5'
import type { VerifiedTicket } from './verified-ticket.js'

/**
 * Octets of memory that an opened ticket keeps busy, with everything that was decoded of it.
 * Measured on Node 20 with tickets of each kind, and rounded up: what counts is that nobody's
 * ticket holds many times what is counted for it, as claims did that are a few kilobytes on the
 * wire and megabytes when they are unfolded.
 */
export function octetsHeldBy({ opened, pac }: VerifiedTicket): number {
  // The ciphertext, the plaintext, and the encryption's padding.
  const sealed = 2.25 * opened.ticket.encPart.cipher.length
  return Math.ceil(TICKET + sealed + (pac === undefined ? 0 : octetsOfPac(pac)))
}

/**
 * The objects of a ticket with a PAC of an ordinary user: names, keys with what is derived from
 * them, times.
 */
const TICKET = 10_000
/** A group, decoded and as a SID. */
const GROUP = 80
/** A claim with its name, as decoded and as identities show it. */
const CLAIM = 500
/** A number, or what a string takes beside its characters. */
const VALUE = 40

function octetsOfPac({ logonInfo, deviceInfo, clientClaims, deviceClaims }: Pac): number {
  const lists = [
    logonInfo?.groupIds,
    logonInfo?.extraSids,
    logonInfo?.resourceGroups,
    deviceInfo?.accountGroupIds,
    deviceInfo?.extraSids,
    ...(deviceInfo?.domainGroups.map(({ groupIds }) => groupIds) ?? []),
  ]
  const groups = lists.reduce((count, list) => count + 1 + (list?.length ?? 0), 0)
  return GROUP * groups + octetsOfClaims(clientClaims) + octetsOfClaims(deviceClaims)
}

function octetsOfClaims(arrays: readonly ClaimsArray[] = []): number {
  let octets = 0
  for (const { claims } of arrays) {
    octets += CLAIM
    for (const claim of claims) {
      octets += CLAIM + 2 * claim.id.length + VALUE * claim.values.length
      if (claim.type === 'string') for (const value of claim.values) octets += 2 * value.length
    }
  }
  return octets
}
