import { AdType, ApReq, decode, flattenAuthorizationData, type OpenedApReq, openApReq, Pac } from '@s4u/krb5'
import type { TestRealm } from '@s4u/test-kdc'

/**
 * What a service sees of a GSS token, raw or within SPNEGO: the AP-REQ is searched for behind its
 * token identifier 01 00.
 */
export function openToken(realm: TestRealm, service: string, token: Uint8Array): OpenedApReq & { readonly pac: Pac } {
  const start = token.findIndex(
    (octet, index) => octet === 0x01 && token[index + 1] === 0x00 && token[index + 2] === 0x6e,
  )
  if (start < 0) throw new Error('the token holds no AP-REQ')
  const inner = token.subarray(start + 2)
  const apReq = decode(ApReq, inner.subarray(0, totalLength(inner)))
  const entry = realm.keytabFor(service).entries.find(({ key }) => key.etype === apReq.ticket.encPart.etype)
  if (entry === undefined) throw new Error(`${service} has no key for the ticket`)
  const opened = openApReq(apReq, entry.key)
  const found = flattenAuthorizationData(opened.encTicketPart.authorizationData ?? []).find(
    ({ adType }) => adType === AdType.WIN2K_PAC,
  )
  if (found === undefined) throw new Error('the ticket has no PAC')
  const pac = Pac.decode(found.adData)
  pac.verifyServerChecksum(entry.key)
  return { ...opened, pac }
}

/**
 * Tickets are between 128 octets and 64 kB, so the length takes one or two octets behind the first.
 */
function totalLength(der: Uint8Array): number {
  return der[1] === 0x82 ? 4 + der[2] * 256 + der[3] : 3 + der[2]
}
