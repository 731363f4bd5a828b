import type { Key } from '../crypto/key.js'
import type { AttributesInfo } from './buffers/attributes-info.js'
import { encodeAttributesInfo } from './buffers/attributes-info.js'
import { PacBufferType } from './buffers/buffer-type.js'
import type { ClaimsArray } from './buffers/claims.js'
import { encodeClaims } from './buffers/claims.js'
import type { ClientInfo } from './buffers/client-info.js'
import { encodeClientInfo } from './buffers/client-info.js'
import type { PacBuffer, PlacedBuffer } from './container.js'
import { decodeContainer, encodeContainer } from './container.js'
import type { CredentialInfo } from './buffers/credential-info.js'
import { encodeCredentialInfo } from './buffers/credential-info.js'
import type { DelegationInfo } from './buffers/delegation-info.js'
import { encodeDelegationInfo } from './buffers/delegation-info.js'
import type { DeviceInfo } from './buffers/device-info.js'
import { encodeDeviceInfo } from './buffers/device-info.js'
import type { LogonInfo } from './buffers/logon-info.js'
import { encodeLogonInfo } from './buffers/logon-info.js'
import { encodeSid } from './encoding/sid.js'
import { blankPacSignature, encodePacSignature, PAC_KEY_USAGE, withSignaturesZeroed } from './signature.js'
import type { UpnDnsInfo } from './buffers/upn-dns-info.js'
import { encodeUpnDnsInfo } from './buffers/upn-dns-info.js'

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
  /** A SID. */
  readonly requestor?: string
  /** Buffers of other types, or broken ones for tests; they come last. */
  readonly other?: readonly PacBuffer[]
}

export interface PacSigning {
  /** The key that the ticket is encrypted with. */
  readonly server: Key
  /** krbtgt's key. */
  readonly kdc: Key
  /**
   * The encoded EncTicketPart in which the contents of the AD-WIN2K-PAC element are one zero octet. With it, the PAC
   * carries a ticket checksum. Tickets for krbtgt have none.
   */
  readonly encTicketPart?: Uint8Array
  /** Whether the PAC carries a full checksum; as a rule when it carries a ticket checksum. */
  readonly fullChecksum?: boolean
  /** The number of the read-only domain controller whose krbtgt key `kdc` is. */
  readonly rodcIdentifier?: number
}

/**
 * Encodes a PAC and signs it, in the order of MS-PAC section 2.8: ticket, full, server, KDC, each over what the one
 * before left.
 */
export function encodePac(contents: PacContents, signing: PacSigning): Uint8Array {
  const pac = encodeContainer([...encodeBuffers(contents), ...blankSignatures(signing)])
  const buffers = decodeContainer(pac)
  const { server, kdc, encTicketPart } = signing
  // Zeroed although still blank, for RODCIdentifier.
  const without = (...types: number[]) => withSignaturesZeroed(pac, buffers, types)

  if (encTicketPart !== undefined) sign(pac, buffers, T.TICKET_CHECKSUM, kdc, encTicketPart)
  if (hasFullChecksum(signing))
    sign(pac, buffers, T.FULL_CHECKSUM, kdc, without(T.SERVER_CHECKSUM, T.KDC_CHECKSUM, T.FULL_CHECKSUM))
  const signature = sign(pac, buffers, T.SERVER_CHECKSUM, server, without(T.SERVER_CHECKSUM, T.KDC_CHECKSUM))
  sign(pac, buffers, T.KDC_CHECKSUM, kdc, signature)
  return pac
}

function encodeBuffers(contents: PacContents): PacBuffer[] {
  const encoded: PacBuffer[] = []
  const add = <Value>(type: number, value: Value | undefined, encode: (value: Value) => Uint8Array) => {
    if (value !== undefined) encoded.push({ type, data: encode(value) })
  }
  add(T.LOGON_INFO, contents.logonInfo, encodeLogonInfo)
  add(T.CREDENTIAL_INFO, contents.credentialInfo, encodeCredentialInfo)
  add(T.CLIENT_INFO, contents.clientInfo, encodeClientInfo)
  add(T.UPN_DNS_INFO, contents.upnDnsInfo, encodeUpnDnsInfo)
  add(T.DELEGATION_INFO, contents.delegationInfo, encodeDelegationInfo)
  add(T.CLIENT_CLAIMS, contents.clientClaims, encodeClaims)
  add(T.DEVICE_INFO, contents.deviceInfo, encodeDeviceInfo)
  add(T.DEVICE_CLAIMS, contents.deviceClaims, encodeClaims)
  add(T.ATTRIBUTES_INFO, contents.attributes, encodeAttributesInfo)
  add(T.REQUESTOR, contents.requestor, encodeSid)
  return [...encoded, ...(contents.other ?? [])]
}

function blankSignatures(signing: PacSigning): PacBuffer[] {
  const { server, kdc, rodcIdentifier } = signing
  const byKdc = encodePacSignature(blankPacSignature(kdc, rodcIdentifier))
  const blanks = [
    { type: T.SERVER_CHECKSUM, data: encodePacSignature(blankPacSignature(server)) },
    { type: T.KDC_CHECKSUM, data: byKdc },
    ...(signing.encTicketPart === undefined ? [] : [{ type: T.TICKET_CHECKSUM, data: byKdc }]),
    ...(hasFullChecksum(signing) ? [{ type: T.FULL_CHECKSUM, data: byKdc }] : []),
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

const T = PacBufferType
