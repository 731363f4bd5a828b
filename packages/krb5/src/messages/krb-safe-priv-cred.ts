import { type Codec } from '../asn1/codec.js'
import { field, optional, sequence } from '../asn1/sequence.js'
import { sequenceOf } from '../asn1/sequence-of.js'
import { application } from '../asn1/tagged.js'
import { KerberosFlags, KerberosString, KerberosTime, Microseconds, OctetString, UInt32 } from '../asn1/primitives.js'
import type { Key } from '../crypto/key.js'
import { Checksum, EncryptedData, EncryptionKey } from './encrypted-data.js'
import { MessageType, messageHeader } from './message-type.js'
import { PrincipalName } from './principal-name.js'
import { HostAddress, HostAddresses, Ticket } from './ticket.js'

/**
 * The fields that KRB-SAFE-BODY and EncKrbPrivPart have in common. Source: RFC 4120 section 5.6.1
 * and section 5.7.1.
 */
export interface UserData {
  readonly userData: Uint8Array
  readonly timestamp?: number
  readonly usec?: number
  readonly seqNumber?: number
  readonly sAddress: HostAddress
  readonly rAddress?: HostAddress
}

const UserData = sequence<UserData>('KRB-SAFE-BODY', {
  userData: field(0, OctetString),
  timestamp: optional(1, KerberosTime),
  usec: optional(2, Microseconds),
  seqNumber: optional(3, UInt32),
  sAddress: field(4, HostAddress),
  rAddress: optional(5, HostAddress),
})

/** The body of a KRB-SAFE. The checksum covers its encoding (key usage 15). */
export const KrbSafeBody: Codec<UserData> = UserData

/** A message that is signed, but not encrypted. Source: RFC 4120 section 5.6.1. */
export interface KrbSafe {
  readonly safeBody: UserData
  readonly cksum: Checksum
}

/** A message that is signed, but not encrypted. Source: RFC 4120 section 5.6.1. */
export const KrbSafe: Codec<KrbSafe> = application(
  20,
  'KRB-SAFE',
  sequence<KrbSafe>(
    'KRB-SAFE',
    { safeBody: field(2, UserData), cksum: field(3, Checksum) },
    { fixed: messageHeader(MessageType.KRB_SAFE) },
  ),
)

/** A message that is encrypted. Source: RFC 4120 section 5.7.1. */
export interface KrbPriv {
  readonly encPart: EncryptedData
}

/** A message that is encrypted. Its fields have no number 2. Source: RFC 4120 section 5.7.1. */
export const KrbPriv: Codec<KrbPriv> = application(
  21,
  'KRB-PRIV',
  sequence<KrbPriv>('KRB-PRIV', { encPart: field(3, EncryptedData) }, { fixed: messageHeader(MessageType.KRB_PRIV) }),
)

/** The sealed part of a KRB-PRIV (key usage 13). Source: RFC 4120 section 5.7.1. */
export const EncKrbPrivPart: Codec<UserData> = application(28, 'EncKrbPrivPart', UserData)

/**
 * Forwarded tickets. What belongs to them, session keys included, is in the sealed part. Source:
 * RFC 4120 section 5.8.1.
 */
export interface KrbCred {
  readonly tickets: readonly Ticket[]
  readonly encPart: EncryptedData
}

/** Reads and writes KRB-CRED, whose part is still encrypted. Source: RFC 4120 section 5.8.1. */
export const KrbCred: Codec<KrbCred> = application(
  22,
  'KRB-CRED',
  sequence<KrbCred>(
    'KRB-CRED',
    { tickets: field(2, sequenceOf(Ticket)), encPart: field(3, EncryptedData) },
    { fixed: messageHeader(MessageType.KRB_CRED) },
  ),
)

/**
 * What belongs to one forwarded ticket: its session key, names and times. Source: RFC 4120 section
 * 5.8.1.
 */
export interface KrbCredInfo {
  readonly key: Key
  readonly prealm?: string
  readonly pname?: PrincipalName
  readonly flags?: KerberosFlags
  readonly authtime?: number
  readonly starttime?: number
  readonly endtime?: number
  readonly renewTill?: number
  readonly srealm?: string
  readonly sname?: PrincipalName
  readonly caddr?: readonly HostAddress[]
}

const KrbCredInfo = sequence<KrbCredInfo>('KrbCredInfo', {
  key: field(0, EncryptionKey),
  prealm: optional(1, KerberosString),
  pname: optional(2, PrincipalName),
  flags: optional(3, KerberosFlags),
  authtime: optional(4, KerberosTime),
  starttime: optional(5, KerberosTime),
  endtime: optional(6, KerberosTime),
  renewTill: optional(7, KerberosTime),
  srealm: optional(8, KerberosString),
  sname: optional(9, PrincipalName),
  caddr: optional(10, HostAddresses),
})

/**
 * The sealed part of a KRB-CRED, with one entry for each ticket. Source: RFC 4120 section 5.8.1.
 */
export interface EncKrbCredPart {
  readonly ticketInfo: readonly KrbCredInfo[]
  readonly nonce?: number
  readonly timestamp?: number
  readonly usec?: number
  readonly sAddress?: HostAddress
  readonly rAddress?: HostAddress
}

/** The sealed part of a KRB-CRED (key usage 14). Source: RFC 4120 section 5.8.1. */
export const EncKrbCredPart: Codec<EncKrbCredPart> = application(
  29,
  'EncKrbCredPart',
  sequence<EncKrbCredPart>('EncKrbCredPart', {
    ticketInfo: field(0, sequenceOf(KrbCredInfo)),
    nonce: optional(1, UInt32),
    timestamp: optional(2, KerberosTime),
    usec: optional(3, Microseconds),
    sAddress: optional(4, HostAddress),
    rAddress: optional(5, HostAddress),
  }),
)
