/**
 * Where the realms live. Linux answers on all of 127/8 without configuration, so every run of the
 * harness takes one free block 127.0.N.x for itself and two runs never meet.
 */

const olderKeys = ['CORP', 'PARTNER', 'EAST', 'WEST', 'PLAIN', 'NORTH', 'SOUTH'] as const
/** The same again, with the programs of a newer Debian: Samba 4.22, MIT 1.21. */
const newerKeys = ['NEWCORP', 'NEWPARTNER', 'NEWEAST'] as const
export const realmKeys = [...olderKeys, ...newerKeys] as const
export type RealmKey = (typeof realmKeys)[number]

export const BLOCKS = { first: 88, last: 119 }

/** Held by the guard for as long as its block is in use: binding it is what claims the block. */
export const LEASE_PORT = 28888

/** The last byte of each KDC's address. */
export const hostNumbers: Record<RealmKey, number> = {
  CORP: 10,
  PARTNER: 11,
  EAST: 20,
  WEST: 21,
  PLAIN: 22,
  NORTH: 30,
  SOUTH: 31,
  NEWCORP: 12,
  NEWPARTNER: 13,
  NEWEAST: 24,
}

/**
 * A second KDC of EAST whose UDP answers are capped, so that every one of them is
 * KRB_ERR_RESPONSE_TOO_BIG.
 */
export const EAST_CAPPED_HOST = 23

export interface Ports {
  kdc: number
  kpasswd: number
  kadmin: number
}

/**
 * Without root, MIT and Heimdal still run, on ports that anybody may bind. Samba does not run
 * without root at all.
 */
export const portsFor = (root: boolean): Ports =>
  root ? { kdc: 88, kpasswd: 464, kadmin: 749 } : { kdc: 10088, kpasswd: 10464, kadmin: 10749 }

export const realmName = (key: RealmKey): string => `${key}.TEST`
export const dnsDomain = (key: RealmKey): string => realmName(key).toLowerCase()
