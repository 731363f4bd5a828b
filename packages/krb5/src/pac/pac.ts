import type { Key } from '../crypto/key.js'
import type { AttributesInfo } from './buffers/attributes-info.js'
import { decodeAttributesInfo } from './buffers/attributes-info.js'
import { PacBufferType, pacBufferTypeName } from './buffers/buffer-type.js'
import type { ClaimsArray } from './buffers/claims.js'
import { decodeClaims } from './buffers/claims.js'
import type { ClientInfo } from './buffers/client-info.js'
import { decodeClientInfo } from './buffers/client-info.js'
import type { PacBuffer, PlacedBuffer } from './container.js'
import { decodeContainer } from './container.js'
import type { CredentialInfo } from './buffers/credential-info.js'
import { decodeCredentialInfo } from './buffers/credential-info.js'
import type { DelegationInfo } from './buffers/delegation-info.js'
import { decodeDelegationInfo } from './buffers/delegation-info.js'
import type { DeviceInfo } from './buffers/device-info.js'
import { decodeDeviceInfo, encodeDeviceInfo } from './buffers/device-info.js'
import type { LogonInfo } from './buffers/logon-info.js'
import { decodeLogonInfo, encodeLogonInfo } from './buffers/logon-info.js'
import { denyOnlySidsOf, logonSidsOf, userSidOf } from './logon-sids.js'
import { decodeSid } from './encoding/sid.js'
import type { PacSignature } from './signature.js'
import { decodePacSignature, verifyPacSignature, withSignaturesZeroed } from './signature.js'
import type { UpnDnsInfo } from './buffers/upn-dns-info.js'
import { decodeUpnDnsInfo } from './buffers/upn-dns-info.js'

const T = PacBufferType

/** What is left of a PAC when not all of it is believed. */
export interface PacExcerpt {
  /** In place of those that were received; undefined leaves them out. */
  readonly logonInfo: LogonInfo | undefined
  readonly deviceInfo: DeviceInfo | undefined
  /** Types of buffers that are left out besides. */
  readonly without: readonly number[]
  /** SIDs that grant nothing, and may still deny. */
  readonly denyOnlySids: readonly string[]
}

/**
 * A Privilege Attribute Certificate, as received: who the user is to the KDC. MS-PAC.
 *
 * Decoding looks at the directory of buffers only; each buffer is decoded when it is first asked for, and then throws
 * MalformedTokenError if it is broken. Nothing in a PAC may be believed before a signature was verified, at least with
 * {@link Pac.verifyServerChecksum}.
 */
export class Pac {
  readonly bytes: Uint8Array
  /** In the order of the file; unknown types are kept. */
  readonly buffers: readonly PacBuffer[]
  readonly #placed: readonly PlacedBuffer[]

  /** @throws MalformedTokenError */
  static decode(bytes: Uint8Array): Pac {
    return new Pac(bytes, decodeContainer(bytes))
  }

  private constructor(bytes: Uint8Array, placed: readonly PlacedBuffer[]) {
    this.bytes = bytes
    this.buffers = placed
    this.#placed = placed
  }

  /** KERB_VALIDATION_INFO: names, times, groups. Absent from PACs of MIT realms. */
  get logonInfo(): LogonInfo | undefined {
    return (this.#logonInfo ??= this.#read(T.LOGON_INFO, decodeLogonInfo))
  }

  get credentialInfo(): CredentialInfo | undefined {
    return (this.#credentialInfo ??= this.#read(T.CREDENTIAL_INFO, decodeCredentialInfo))
  }

  get serverChecksum(): PacSignature | undefined {
    return (this.#serverChecksum ??= this.#read(T.SERVER_CHECKSUM, decodePacSignature))
  }

  get kdcChecksum(): PacSignature | undefined {
    return (this.#kdcChecksum ??= this.#read(T.KDC_CHECKSUM, decodePacSignature))
  }

  get clientInfo(): ClientInfo | undefined {
    return (this.#clientInfo ??= this.#read(T.CLIENT_INFO, decodeClientInfo))
  }

  get delegationInfo(): DelegationInfo | undefined {
    return (this.#delegationInfo ??= this.#read(T.DELEGATION_INFO, decodeDelegationInfo))
  }

  get upnDnsInfo(): UpnDnsInfo | undefined {
    return (this.#upnDnsInfo ??= this.#read(T.UPN_DNS_INFO, decodeUpnDnsInfo))
  }

  get clientClaims(): readonly ClaimsArray[] | undefined {
    return (this.#clientClaims ??= this.#read(T.CLIENT_CLAIMS, decodeClaims, NO_CLAIMS))
  }

  get deviceInfo(): DeviceInfo | undefined {
    return (this.#deviceInfo ??= this.#read(T.DEVICE_INFO, decodeDeviceInfo))
  }

  get deviceClaims(): readonly ClaimsArray[] | undefined {
    return (this.#deviceClaims ??= this.#read(T.DEVICE_CLAIMS, decodeClaims, NO_CLAIMS))
  }

  get ticketChecksum(): PacSignature | undefined {
    return (this.#ticketChecksum ??= this.#read(T.TICKET_CHECKSUM, decodePacSignature))
  }

  get attributes(): AttributesInfo | undefined {
    return (this.#attributes ??= this.#read(T.ATTRIBUTES_INFO, decodeAttributesInfo))
  }

  /** The SID of whoever asked for the TGT. MS-PAC section 2.15. */
  get requestor(): string | undefined {
    return (this.#requestor ??= this.#read(T.REQUESTOR, decodeSid))
  }

  get fullChecksum(): PacSignature | undefined {
    return (this.#fullChecksum ??= this.#read(T.FULL_CHECKSUM, decodePacSignature))
  }

  /** The user's own SID, of LOGON_INFO. */
  get userSid(): string | undefined {
    return this.logonInfo === undefined ? undefined : userSidOf(this.logonInfo)
  }

  /** Every SID that may grant the user something: user, groups, extra SIDs, resource groups. Empty without LOGON_INFO. */
  sids(): readonly string[] {
    return (this.#sids ??= this.logonInfo === undefined ? [] : Object.freeze(logonSidsOf(this.logonInfo)))
  }

  /** The groups that grant nothing and still deny: what an access check compares with entries that deny, and with no others. */
  denyOnlySids(): readonly string[] {
    const own = this.logonInfo === undefined ? [] : denyOnlySidsOf(this.logonInfo)
    return this.#denyOnlySids.length === 0 ? own : [...new Set([...own, ...this.#denyOnlySids])]
  }

  /**
   * The same PAC without what is not believed: neither its getters nor its `buffers` show that. `bytes` stay as they were received,
   * since the signatures are over them.
   */
  excerpt({ logonInfo, deviceInfo, without, denyOnlySids }: PacExcerpt): Pac {
    const changed = new Map<number, Uint8Array | undefined>()
    if (logonInfo !== this.logonInfo) changed.set(T.LOGON_INFO, logonInfo && encodeLogonInfo(logonInfo))
    if (deviceInfo !== this.deviceInfo) changed.set(T.DEVICE_INFO, deviceInfo && encodeDeviceInfo(deviceInfo))
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
   * Verifies the signature that a service can verify: over the whole PAC, with the key that opened the ticket, whatever
   * its encryption type. MS-PAC section 2.8.1.
   *
   * @throws RejectedTokenError KRB_AP_ERR_MODIFIED, KRB_AP_ERR_INAPP_CKSUM
   */
  verifyServerChecksum(key: Key): void {
    const zeroed = withSignaturesZeroed(this.bytes, this.#placed, [T.SERVER_CHECKSUM, T.KDC_CHECKSUM])
    verifyPacSignature(key, T.SERVER_CHECKSUM, this.serverChecksum, zeroed)
  }

  /**
   * Verifies the KDC's signature, which covers the server's signature only. `key` is krbtgt's. MS-PAC section 2.8.2.
   * @throws RejectedTokenError
   */
  verifyKdcChecksum(key: Key): void {
    verifyPacSignature(key, T.KDC_CHECKSUM, this.kdcChecksum, this.serverChecksum?.signature ?? NOTHING)
  }

  /**
   * Verifies that the PAC belongs to its ticket. `encTicketPart` is the encoded EncTicketPart with the contents of the
   * AD-WIN2K-PAC element replaced by one zero octet; `key` is krbtgt's. MS-PAC section 2.8.3.
   *
   * @throws RejectedTokenError
   */
  verifyTicketChecksum(key: Key, encTicketPart: Uint8Array): void {
    verifyPacSignature(key, T.TICKET_CHECKSUM, this.ticketChecksum, encTicketPart)
  }

  /**
   * Verifies the KDC's signature over the whole PAC, the answer to CVE-2022-37967. `key` is krbtgt's. MS-PAC section 2.8.4.
   * @throws RejectedTokenError
   */
  verifyFullChecksum(key: Key): void {
    const types = [T.SERVER_CHECKSUM, T.KDC_CHECKSUM, T.FULL_CHECKSUM]
    verifyPacSignature(key, T.FULL_CHECKSUM, this.fullChecksum, withSignaturesZeroed(this.bytes, this.#placed, types))
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

  /** Decodes a buffer, which its getter does when it is asked for, and only then. */
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
