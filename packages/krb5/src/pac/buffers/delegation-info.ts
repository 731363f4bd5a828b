import { NdrReader } from '../encoding/ndr-reader.js'
import { NdrWriter } from '../encoding/ndr-writer.js'

/**
 * S4U_DELEGATION_INFO: the services that acted for the user on the way to this service. MS-PAC
 * section 2.9.
 */
export interface DelegationInfo {
  /** The service for which the ticket was delegated. */
  readonly s4u2proxyTarget: string
  /**
   * The services that delegated, the first one first, each with the name on its evidence ticket.
   */
  readonly transitedServices: readonly string[]
}

/**
 * Reads S4U_DELEGATION_INFO.
 *
 * @throws MalformedTokenError
 */
export function decodeDelegationInfo(bytes: Uint8Array, path = 'PAC.DELEGATION_INFO'): DelegationInfo {
  return NdrReader.decode(bytes, path, (ndr) => {
    const target = ndr.unicodeStringHeader('S4U2proxyTarget')
    const services = ndr.countedPointer('S4UTransitedServices')
    return {
      s4u2proxyTarget: ndr.unicodeString(target, 'S4U2proxyTarget'),
      transitedServices: services.present ? readServices(ndr, services.count) : [],
    }
  })
}

/** Returns the octets of S4U_DELEGATION_INFO, the same ones that Windows and MIT write. */
export function encodeDelegationInfo(info: DelegationInfo): Uint8Array {
  return NdrWriter.encode((ndr) => {
    ndr.unicodeStringHeader(info.s4u2proxyTarget, TERMINATOR)
    ndr.countedPointer(info.transitedServices)
    ndr.unicodeString(info.s4u2proxyTarget, TERMINATOR)
    if (info.transitedServices.length === 0) return
    ndr.u32(info.transitedServices.length)
    for (const service of info.transitedServices) ndr.unicodeStringHeader(service, TERMINATOR)
    for (const service of info.transitedServices) ndr.unicodeString(service, TERMINATOR)
  })
}

function readServices(ndr: NdrReader, count: number): string[] {
  ndr.conformance(count, 8, 'S4UTransitedServices')
  const headers = []
  for (let i = 0; i < count; i++) headers.push(ndr.unicodeStringHeader(`S4UTransitedServices[${i}]`))
  return headers.map((header, i) => ndr.unicodeString(header, `S4UTransitedServices[${i}]`))
}

/** The maximum length of a string counts a zero character that is not sent. */
const TERMINATOR = 2
