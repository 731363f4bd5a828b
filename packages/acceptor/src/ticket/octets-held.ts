import type { ClaimsArray, Pac } from '@s4u/krb5'
import type { VerifiedTicket } from './verified-ticket.js'

/**
 * Returns how many octets of memory an opened ticket holds, with everything that was decoded from
 * it. The figures were measured on Node 20 with tickets of each kind, and rounded up. What counts
 * is that no ticket holds many times what is counted for it: claims of a few kilobytes on the wire
 * once took megabytes when decoded.
 */
export function octetsHeldBy({ opened, pac }: VerifiedTicket): number {
  // The ciphertext, the plaintext, and the padding of the encryption.
  const sealed = 2.25 * opened.ticket.encPart.cipher.length
  return Math.ceil(TICKET + sealed + (pac === undefined ? 0 : octetsOfPac(pac)))
}

/**
 * A ticket with the PAC of an ordinary user: names, keys with everything derived from them, times.
 */
const TICKET = 10_000
/** A group, as decoded and as a SID. */
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
