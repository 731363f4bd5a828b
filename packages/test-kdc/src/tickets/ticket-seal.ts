import {
  AdType,
  AuthorizationData,
  decode,
  encode,
  encodePac,
  EncTicketPart,
  type Key,
  KeyUsage,
  type PacContents,
  type PrincipalName,
  sealEncryptedData,
  type Ticket,
} from '@s4u/krb5'
import { ticketKeyOf } from '../directory/account.js'
import type { Kdc } from '../kdc/kdc.js'

/** The service that a ticket is for, and the key that only this service and the KDC have. */
export interface TicketTarget {
  readonly realm: string
  readonly sname: PrincipalName
  readonly key: Key
  readonly kvno?: number
  /** Whether it is a KDC. The PAC is signed with its own key then, and needs no ticket checksum. */
  readonly ticketGranting: boolean
}

export interface TicketContents extends Omit<EncTicketPart, 'authorizationData'> {
  readonly pac?: PacContents
  /** Authorization data that the client wants in the ticket. */
  readonly clientAuthorization?: AuthorizationData
}

/**
 * Seals a ticket with a PAC that is bound to it. Source: RFC 4120 section 5.3, MS-PAC section 2.8.
 */
export function sealTicket(kdc: Kdc, target: TicketTarget, contents: TicketContents): Ticket {
  const bytes = encode(EncTicketPart, withAuthorization(kdc, target, contents))
  const encPart = sealEncryptedData(bytes, target.key, KeyUsage.TICKET, kdc.random, target.kvno)
  return { realm: target.realm, sname: target.sname, encPart }
}

/**
 * Returns the PAC of a ticket that this KDC has issued. It is the only element of the first
 * AD-IF-RELEVANT. What a client added stands behind it, and is not taken for a PAC.
 */
export function pacBytesOf({ authorizationData }: EncTicketPart): Uint8Array | undefined {
  const first = authorizationData?.[0]
  if (first?.adType !== AdType.IF_RELEVANT) return undefined
  const elements = decode(AuthorizationData, first.adData)
  return elements.length === 1 && elements[0].adType === AdType.WIN2K_PAC ? elements[0].adData : undefined
}

/**
 * Returns the octets that the ticket checksum covers: the PAC is one zero octet there. Source:
 * MS-PAC section 2.8.3.
 */
export function encodeWithoutPac(part: EncTicketPart): Uint8Array {
  const rest = part.authorizationData?.slice(1) ?? []
  return encode(EncTicketPart, { ...part, authorizationData: [...pacElement(ONE_ZERO), ...rest] })
}

function withAuthorization(kdc: Kdc, target: TicketTarget, contents: TicketContents): EncTicketPart {
  const { pac, clientAuthorization, ...part } = contents
  if (pac === undefined) return { ...part, authorizationData: clientAuthorization }
  const unsigned = { ...part, authorizationData: [...pacElement(ONE_ZERO), ...(clientAuthorization ?? [])] }
  const signed = encodePac(pac, {
    server: target.key,
    kdc: ticketKeyOf(kdc.directory.krbtgt),
    ...(!target.ticketGranting && { encTicketPart: encode(EncTicketPart, unsigned) }),
  })
  return { ...part, authorizationData: [...pacElement(signed), ...(clientAuthorization ?? [])] }
}

/** Returns AD-WIN2K-PAC within AD-IF-RELEVANT. Source: MS-KILE section 3.3.5.6.3. */
export function pacElement(pac: Uint8Array): AuthorizationData {
  const adData = encode(AuthorizationData, [{ adType: AdType.WIN2K_PAC, adData: pac }])
  return [{ adType: AdType.IF_RELEVANT, adData }]
}

const ONE_ZERO = Uint8Array.of(0)
