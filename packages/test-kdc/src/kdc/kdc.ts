import type { KrbErrorName, PacContents, RandomSource } from '@s4u/krb5'
import type { Directory } from '../directory/directory.js'
import type { Misbehaviour } from './misbehave.js'
import type { NtStatusName } from './refusal.js'
import type { TestPasswordPolicy } from '../directory/settings.js'

/**
 * Whether this KDC knows FAST, and whether users must use it.
 *
 * Source: RFC 6113, MS-KILE section 3.3.5.1.
 */
export type FastSupport = 'off' | 'offered' | 'required'

/** Everything an exchange needs to know of the realm. */
export interface Kdc {
  readonly directory: Directory
  readonly random: RandomSource | undefined
  readonly ticketLifetime: number
  readonly renewLifetime: number
  readonly clockSkew: number
  readonly acceptUnkeyedChecksums: boolean
  readonly fast: FastSupport
  readonly compoundIdentity: boolean
  readonly misbehave: Misbehaviour
  readonly passwordPolicy: TestPasswordPolicy
  readonly writePac: ((contents: PacContents) => PacContents) | undefined
  /** Milliseconds since the epoch. */
  now(): number
}

/** One request and its outcome, for tests to look at. It holds no secret. */
export interface Exchange {
  kind: 'AS' | 'TGS' | 'S4U2Self' | 'S4U2Proxy' | 'renewal' | 'user-to-user'
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly via: 'memory' | 'udp' | 'tcp'
  /** `web@AD.TEST`: who asked. Undefined where the KDC refused before it knew. */
  client?: string
  /** `HTTP/api.ad.test`, as asked for. */
  service?: string
  /** `alice@AD.TEST`: the user, in S4U2Self and S4U2Proxy. */
  user?: string
  /**
   * `issued`, `referral` (a ticket for another realm's KDC instead), or the name of the KRB-ERROR.
   */
  outcome?: 'issued' | 'referral' | KrbErrorName
  ntStatus?: NtStatusName
  /** The text of a refusal. */
  reason?: string
  /** Encryption type of the ticket, by number. */
  ticketEncryptionType?: number
  /** Encryption type of the session key, by number. */
  sessionKeyType?: number
  forwardable?: boolean
  /** Whether the request came inside of FAST. */
  armored?: boolean
  /** `kcd@AD.TEST`: the machine whose ticket was the armor. */
  device?: string
  /** Which setting allowed an S4U2Proxy. */
  delegation?: 'constrained' | 'resource-based'
  /** Length on the wire, in octets. */
  readonly requestOctets: number
  replyOctets?: number
}
