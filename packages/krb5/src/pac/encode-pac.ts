import type { Key } from '../crypto/key.js'
import { type AttributesInfo, encodeAttributesInfo } from './buffers/attributes-info.js'
import { PacBufferType } from './buffers/buffer-type.js'
import { type ClaimsArray, encodeClaims } from './buffers/claims.js'
import { type ClientInfo, encodeClientInfo } from './buffers/client-info.js'
import type { PacBuffer, PlacedBuffer } from './container.js'
import { decodeContainer, encodeContainer } from './container.js'
import { type CredentialInfo, encodeCredentialInfo } from './buffers/credential-info.js'
import { type DelegationInfo, encodeDelegationInfo } from './buffers/delegation-info.js'
import { type DeviceInfo, encodeDeviceInfo } from './buffers/device-info.js'
import { encodeLogonInfo, type LogonInfo } from './buffers/logon-info.js'
import { encodeSid } from './encoding/sid.js'
import { blankPacSignature, encodePacSignature, PAC_KEY_USAGE, withSignaturesZeroed } from './signature.js'
import { encodeUpnDnsInfo, type UpnDnsInfo } from './buffers/upn-dns-info.js'

/** What a KDC puts into a PAC, apart from the signatures. */
export interface PacContents {
  readonly logonInfo?: LogonInfo
  readonly credentialInfo?: CredentialInfo
  readonly clientInfo?: ClientInfo
  readonly delegationInfo?: DelegationInfo
  readonly upnDnsInfo?: UpnDnsInfo
  readonly clientClaims?: readonly ClaimsArray[]
  readonly deviceInfo?: DeviceInfo
  readonly deviceClaims?: readonly ClaimsArray[]
  readonly attributes?: AttributesInfo
  /** The SID of the user who asked for the ticket-granting ticket. */
  readonly requestor?: string
  /** Buffers of other types, or damaged ones for tests. They come last. */
  readonly other?: readonly PacBuffer[]
}

/** The keys with which a PAC is signed, and which signatures it has. */
export interface PacSigning {
  /** The key with which the ticket is encrypted. */
  readonly server: Key
  /** The key of krbtgt. */
  readonly kdc: Key
  /**
   * The encoded EncTicketPart, with the contents of the AD-WIN2K-PAC element replaced by one zero
   * octet. If it is given, the PAC carries a ticket checksum. Tickets for krbtgt have none.
   */
  readonly encTicketPart?: Uint8Array
  /** Whether the PAC carries a full checksum. Default: true if it carries a ticket checksum. */
  readonly fullChecksum?: boolean
  /** The number of the read-only domain controller whose krbtgt key `kdc` is. */
  readonly rodcIdentifier?: number
}

/**
 * Encodes a PAC and signs it in the order of MS-PAC section 2.8: ticket, full, server and KDC
 * checksum. Each one covers what the one before has written.
 *
 * @example
 * ```ts
 * import { encodePac, FILETIME_NEVER, Key } from '@s4u/krb5'
 *
 * const clientInfo = { clientId: FILETIME_NEVER, name: 'alice' }
 * encodePac({ clientInfo }, { server: Key.random(18), kdc: Key.random(18) })
 * ```
 */
export function encodePac(contents: PacContents, signing: PacSigning): Uint8Array {
  const pac = encodeContainer([...encodeBuffers(contents), ...blankSignatures(signing)])
  const buffers = decodeContainer(pac)
  const { server, kdc, encTicketPart } = signing
  // Zeroed although they are still blank, because of RODCIdentifier.
  const without = (...types: number[]) => withSignaturesZeroed(pac, buffers, types)

  if (encTicketPart !== undefined) sign(pac, buffers, Type.TICKET_CHECKSUM, kdc, encTicketPart)
  if (hasFullChecksum(signing))
    sign(pac, buffers, Type.FULL_CHECKSUM, kdc, without(Type.SERVER_CHECKSUM, Type.KDC_CHECKSUM, Type.FULL_CHECKSUM))
  const signature = sign(pac, buffers, Type.SERVER_CHECKSUM, server, without(Type.SERVER_CHECKSUM, Type.KDC_CHECKSUM))
  sign(pac, buffers, Type.KDC_CHECKSUM, kdc, signature)
  return pac
}

function encodeBuffers(contents: PacContents): PacBuffer[] {
  const encoded: PacBuffer[] = []
  const add = <Value>(type: number, value: Value | undefined, encode: (value: Value) => Uint8Array) => {
    if (value !== undefined) encoded.push({ type, data: encode(value) })
  }
  add(Type.LOGON_INFO, contents.logonInfo, encodeLogonInfo)
  add(Type.CREDENTIAL_INFO, contents.credentialInfo, encodeCredentialInfo)
  add(Type.CLIENT_INFO, contents.clientInfo, encodeClientInfo)
  add(Type.UPN_DNS_INFO, contents.upnDnsInfo, encodeUpnDnsInfo)
  add(Type.DELEGATION_INFO, contents.delegationInfo, encodeDelegationInfo)
  add(Type.CLIENT_CLAIMS, contents.clientClaims, encodeClaims)
  add(Type.DEVICE_INFO, contents.deviceInfo, encodeDeviceInfo)
  add(Type.DEVICE_CLAIMS, contents.deviceClaims, encodeClaims)
  add(Type.ATTRIBUTES_INFO, contents.attributes, encodeAttributesInfo)
  add(Type.REQUESTOR, contents.requestor, encodeSid)
  return [...encoded, ...(contents.other ?? [])]
}

function blankSignatures(signing: PacSigning): PacBuffer[] {
  const { server, kdc, rodcIdentifier } = signing
  const byKdc = encodePacSignature(blankPacSignature(kdc, rodcIdentifier))
  const blanks = [
    { type: Type.SERVER_CHECKSUM, data: encodePacSignature(blankPacSignature(server)) },
    { type: Type.KDC_CHECKSUM, data: byKdc },
    ...(signing.encTicketPart === undefined ? [] : [{ type: Type.TICKET_CHECKSUM, data: byKdc }]),
    ...(hasFullChecksum(signing) ? [{ type: Type.FULL_CHECKSUM, data: byKdc }] : []),
  ]
  return blanks
}

function hasFullChecksum({ fullChecksum, encTicketPart }: PacSigning): boolean {
  return fullChecksum ?? encTicketPart !== undefined
}

function sign(pac: Uint8Array, buffers: readonly PlacedBuffer[], type: number, key: Key, data: Uint8Array): Uint8Array {
  const signature = key.checksum(PAC_KEY_USAGE, data)
  const buffer = buffers.find((candidate) => candidate.type === type)
  if (buffer !== undefined) pac.set(signature, buffer.offset + 4)
  return signature
}

const Type = PacBufferType
