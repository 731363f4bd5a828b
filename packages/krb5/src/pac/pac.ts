import type { Key } from '../crypto/key.js'
import { type AttributesInfo, decodeAttributesInfo } from './buffers/attributes-info.js'
import { PacBufferType, pacBufferTypeName } from './buffers/buffer-type.js'
import { type ClaimsArray, decodeClaims } from './buffers/claims.js'
import { type ClientInfo, decodeClientInfo } from './buffers/client-info.js'
import type { PacBuffer, PlacedBuffer } from './container.js'
import { decodeContainer } from './container.js'
import { type CredentialInfo, decodeCredentialInfo } from './buffers/credential-info.js'
import { decodeDelegationInfo, type DelegationInfo } from './buffers/delegation-info.js'
import { decodeDeviceInfo, type DeviceInfo, encodeDeviceInfo } from './buffers/device-info.js'
import { decodeLogonInfo, encodeLogonInfo, type LogonInfo } from './buffers/logon-info.js'
import { denyOnlySidsOf, logonSidsOf, userSidOf } from './logon-sids.js'
import { decodeSid } from './encoding/sid.js'
import { decodePacSignature, type PacSignature, verifyPacSignature, withSignaturesZeroed } from './signature.js'
import { decodeUpnDnsInfo, type UpnDnsInfo } from './buffers/upn-dns-info.js'

const Type = PacBufferType

/** The parts of a PAC that are still believed, for a service that does not believe all of it. */
export interface PacExcerpt {
  /** The logon information in place of the received one; undefined leaves it out. */
  readonly logonInfo: LogonInfo | undefined
  readonly deviceInfo: DeviceInfo | undefined
  /** The types of further buffers that are left out. */
  readonly without: readonly number[]
  /** SIDs that grant nothing, and may still deny. */
  readonly denyOnlySids: readonly string[]
}

/**
 * A Privilege Attribute Certificate as received: what the KDC says about the user, such as SIDs and
 * groups. MS-PAC.
 *
 * `decode` reads only the directory of buffers. Each buffer is decoded when it is first asked for,
 * and then throws MalformedTokenError if it is damaged. Nothing in a PAC may be believed before a
 * signature was verified, at least with {@link Pac.verifyServerChecksum}.
 *
 * @example
 * ```ts
 * import { type Key, Pac } from '@s4u/krb5'
 *
 * export function groupsIn(bytes: Uint8Array, serviceKey: Key): readonly string[] {
 *   const pac = Pac.decode(bytes)
 *   pac.verifyServerChecksum(serviceKey)
 *   return pac.sids()
 * }
 * ```
 */
export class Pac {
  readonly bytes: Uint8Array
  /** The buffers in the order in which they were received. Unknown types are kept. */
  readonly buffers: readonly PacBuffer[]
  readonly #placed: readonly PlacedBuffer[]

  /**
   * Reads the directory of a PAC.
   *
   * @throws MalformedTokenError
   */
  static decode(bytes: Uint8Array): Pac {
    return new Pac(bytes, decodeContainer(bytes))
  }

  private constructor(bytes: Uint8Array, placed: readonly PlacedBuffer[]) {
    this.bytes = bytes
    this.buffers = placed
    this.#placed = placed
  }

  /** KERB_VALIDATION_INFO: names, times, groups. PACs of MIT realms do not have it. */
  get logonInfo(): LogonInfo | undefined {
    return (this.#logonInfo ??= this.#read(Type.LOGON_INFO, decodeLogonInfo))
  }

  /** PAC_CREDENTIAL_INFO: encrypted credentials, for a user who signed in with a smart card. */
  get credentialInfo(): CredentialInfo | undefined {
    return (this.#credentialInfo ??= this.#read(Type.CREDENTIAL_INFO, decodeCredentialInfo))
  }

  /** The signature that a service verifies: {@link Pac.verifyServerChecksum}. */
  get serverChecksum(): PacSignature | undefined {
    return (this.#serverChecksum ??= this.#read(Type.SERVER_CHECKSUM, decodePacSignature))
  }

  /** The signature of the KDC over the signature of the server: {@link Pac.verifyKdcChecksum}. */
  get kdcChecksum(): PacSignature | undefined {
    return (this.#kdcChecksum ??= this.#read(Type.KDC_CHECKSUM, decodePacSignature))
  }

  /** PAC_CLIENT_INFO: name and time of the ticket to which the PAC belongs. */
  get clientInfo(): ClientInfo | undefined {
    return (this.#clientInfo ??= this.#read(Type.CLIENT_INFO, decodeClientInfo))
  }

  /** S4U_DELEGATION_INFO: the services that acted for the user on the way here. */
  get delegationInfo(): DelegationInfo | undefined {
    return (this.#delegationInfo ??= this.#read(Type.DELEGATION_INFO, decodeDelegationInfo))
  }

  /** UPN_DNS_INFO: the user principal name and the DNS name of the domain. */
  get upnDnsInfo(): UpnDnsInfo | undefined {
    return (this.#upnDnsInfo ??= this.#read(Type.UPN_DNS_INFO, decodeUpnDnsInfo))
  }

  /** Claims about the user. Undefined if the PAC has no such buffer. */
  get clientClaims(): readonly ClaimsArray[] | undefined {
    return (this.#clientClaims ??= this.#read(Type.CLIENT_CLAIMS, decodeClaims, NO_CLAIMS))
  }

  /** PAC_DEVICE_INFO: the computer that the user works at, and its groups. */
  get deviceInfo(): DeviceInfo | undefined {
    return (this.#deviceInfo ??= this.#read(Type.DEVICE_INFO, decodeDeviceInfo))
  }

  /** Claims about the computer. Undefined if the PAC has no such buffer. */
  get deviceClaims(): readonly ClaimsArray[] | undefined {
    return (this.#deviceClaims ??= this.#read(Type.DEVICE_CLAIMS, decodeClaims, NO_CLAIMS))
  }

  /** The signature of the KDC over the ticket: {@link Pac.verifyTicketChecksum}. */
  get ticketChecksum(): PacSignature | undefined {
    return (this.#ticketChecksum ??= this.#read(Type.TICKET_CHECKSUM, decodePacSignature))
  }

  /** PAC_ATTRIBUTES_INFO: whether the client asked for a PAC. */
  get attributes(): AttributesInfo | undefined {
    return (this.#attributes ??= this.#read(Type.ATTRIBUTES_INFO, decodeAttributesInfo))
  }

  /** The SID of the user who asked for the ticket-granting ticket. MS-PAC section 2.15. */
  get requestor(): string | undefined {
    return (this.#requestor ??= this.#read(Type.REQUESTOR, decodeSid))
  }

  /** The signature of the KDC over the whole PAC: {@link Pac.verifyFullChecksum}. */
  get fullChecksum(): PacSignature | undefined {
    return (this.#fullChecksum ??= this.#read(Type.FULL_CHECKSUM, decodePacSignature))
  }

  /** The SID of the user, from LOGON_INFO. */
  get userSid(): string | undefined {
    return this.logonInfo === undefined ? undefined : userSidOf(this.logonInfo)
  }

  /**
   * Returns every SID that may grant something to the user: user, groups, extra SIDs, resource
   * groups. Empty without LOGON_INFO.
   */
  sids(): readonly string[] {
    return (this.#sids ??= this.logonInfo === undefined ? [] : Object.freeze(logonSidsOf(this.logonInfo)))
  }

  /**
   * Returns the groups that grant nothing and still deny. An access check compares them only with
   * entries that deny.
   */
  denyOnlySids(): readonly string[] {
    const own = this.logonInfo === undefined ? [] : denyOnlySidsOf(this.logonInfo)
    return this.#denyOnlySids.length === 0 ? own : [...new Set([...own, ...this.#denyOnlySids])]
  }

  /**
   * Returns the same PAC without what is not believed: its getters and `buffers` do not show what
   * was left out. `bytes` stay as they were received, since the signatures cover them.
   */
  excerpt({ logonInfo, deviceInfo, without, denyOnlySids }: PacExcerpt): Pac {
    const changed = new Map<number, Uint8Array | undefined>()
    if (logonInfo !== this.logonInfo) changed.set(Type.LOGON_INFO, logonInfo && encodeLogonInfo(logonInfo))
    if (deviceInfo !== this.deviceInfo) changed.set(Type.DEVICE_INFO, deviceInfo && encodeDeviceInfo(deviceInfo))
    const placed = this.#placed.flatMap((buffer) => {
      if (without.includes(buffer.type)) return []
      if (!changed.has(buffer.type)) return [buffer]
      const data = changed.get(buffer.type)
      return data === undefined ? [] : [{ ...buffer, data }]
    })
    const excerpt = new Pac(this.bytes, placed)
    excerpt.#logonInfo = logonInfo
    excerpt.#denyOnlySids = denyOnlySids
    return excerpt
  }

  /**
   * Verifies the signature that a service can verify. It covers the whole PAC, and is made with the
   * key that opened the ticket, whatever its encryption type. MS-PAC section 2.8.1.
   *
   * @throws RejectedTokenError KRB_AP_ERR_MODIFIED, KRB_AP_ERR_INAPP_CKSUM
   */
  verifyServerChecksum(key: Key): void {
    const zeroed = withSignaturesZeroed(this.bytes, this.#placed, [Type.SERVER_CHECKSUM, Type.KDC_CHECKSUM])
    verifyPacSignature(key, Type.SERVER_CHECKSUM, this.serverChecksum, zeroed)
  }

  /**
   * Verifies the signature of the KDC, which covers only the signature of the server. MS-PAC
   * section 2.8.2.
   *
   * @param key the key of krbtgt
   * @throws RejectedTokenError KRB_AP_ERR_MODIFIED, KRB_AP_ERR_INAPP_CKSUM
   */
  verifyKdcChecksum(key: Key): void {
    verifyPacSignature(key, Type.KDC_CHECKSUM, this.kdcChecksum, this.serverChecksum?.signature ?? NOTHING)
  }

  /**
   * Verifies that the PAC belongs to its ticket. MS-PAC section 2.8.3.
   *
   * @param key the key of krbtgt
   * @param encTicketPart the encoded EncTicketPart, with the contents of the AD-WIN2K-PAC element
   * replaced by one zero octet
   * @throws RejectedTokenError KRB_AP_ERR_MODIFIED, KRB_AP_ERR_INAPP_CKSUM
   */
  verifyTicketChecksum(key: Key, encTicketPart: Uint8Array): void {
    verifyPacSignature(key, Type.TICKET_CHECKSUM, this.ticketChecksum, encTicketPart)
  }

  /**
   * Verifies the signature of the KDC over the whole PAC, the answer to CVE-2022-37967. MS-PAC
   * section 2.8.4.
   *
   * @param key the key of krbtgt
   * @throws RejectedTokenError KRB_AP_ERR_MODIFIED, KRB_AP_ERR_INAPP_CKSUM
   */
  verifyFullChecksum(key: Key): void {
    const types = [Type.SERVER_CHECKSUM, Type.KDC_CHECKSUM, Type.FULL_CHECKSUM]
    verifyPacSignature(
      key,
      Type.FULL_CHECKSUM,
      this.fullChecksum,
      withSignaturesZeroed(this.bytes, this.#placed, types),
    )
  }

  #logonInfo: LogonInfo | undefined
  #credentialInfo: CredentialInfo | undefined
  #serverChecksum: PacSignature | undefined
  #kdcChecksum: PacSignature | undefined
  #clientInfo: ClientInfo | undefined
  #delegationInfo: DelegationInfo | undefined
  #upnDnsInfo: UpnDnsInfo | undefined
  #clientClaims: readonly ClaimsArray[] | undefined
  #deviceInfo: DeviceInfo | undefined
  #deviceClaims: readonly ClaimsArray[] | undefined
  #ticketChecksum: PacSignature | undefined
  #attributes: AttributesInfo | undefined
  #requestor: string | undefined
  #fullChecksum: PacSignature | undefined
  #sids: readonly string[] | undefined
  #denyOnlySids: readonly string[] = []

  /** Decodes a buffer when its getter is first used, and not before. */
  #read<Value>(type: number, decode: (bytes: Uint8Array, path: string) => Value, empty?: Value): Value | undefined {
    for (const buffer of this.#placed) {
      if (buffer.type !== type) continue
      // A KDC that has nothing to say leaves the buffer empty, or leaves it out.
      return buffer.data.length === 0 ? empty : decode(buffer.data, `PAC.${pacBufferTypeName(type)}`)
    }
    return undefined
  }
}

const NOTHING = new Uint8Array(0)
const NO_CLAIMS: readonly ClaimsArray[] = Object.freeze([])
