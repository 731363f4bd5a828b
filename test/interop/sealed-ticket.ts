import { readFileSync } from 'node:fs'
import {
  AdType,
  AuthorizationData,
  decode,
  encode,
  EncTicketPart,
  flattenAuthorizationData,
  Keytab,
  openTicket,
  Pac,
  type Ticket,
} from '@s4u/krb5'

/** What is sealed in a ticket, opened with the keytab of the service that it is for. */
export function openWith(keytab: string, { ticket }: { readonly ticket: Ticket }): EncTicketPart {
  const { etype, kvno } = ticket.encPart
  const { entries } = Keytab.decode(readFileSync(keytab))
  const entry = entries.find((each) => each.key.etype === etype && (kvno === undefined || each.kvno === kvno))
  if (entry === undefined) throw new Error(`${keytab} has no key of version ${kvno} and type ${etype}`)
  return openTicket(ticket, entry.key).encTicketPart
}

/** The PAC, where the ticket has one. Source: RFC 4120 section 5.2.6.1, MS-PAC section 2.2. */
export function pacOf({ authorizationData = [] }: EncTicketPart): Pac | undefined {
  const found = flattenAuthorizationData(authorizationData).find(({ adType }) => adType === AdType.WIN2K_PAC)
  return found && Pac.decode(found.adData)
}

const ONE_ZERO = Uint8Array.of(0)

/**
 * What the checksum of a ticket is over: the sealed part with one zero octet for the PAC. Source:
 * MS-PAC section 2.8.3.
 */
export function encodeWithoutPac(part: EncTicketPart): Uint8Array {
  const emptied = (elements: AuthorizationData): AuthorizationData =>
    elements.map(({ adType, adData }) => {
      if (adType === AdType.WIN2K_PAC) return { adType, adData: ONE_ZERO }
      if (adType !== AdType.IF_RELEVANT) return { adType, adData }
      return { adType, adData: encode(AuthorizationData, emptied(decode(AuthorizationData, adData))) }
    })
  return encode(EncTicketPart, { ...part, authorizationData: emptied(part.authorizationData ?? []) })
}
