/** What a client is called. */

import { formatName, formatPrincipal, NameType, printableName, sameName } from '@s4u/krb5'
import type { Principal } from '@s4u/krb5'
import type { VerifiedTicket } from './verified-ticket.js'
import type { AcceptorSettings } from '../options/acceptor-settings.js'

type Names = Pick<VerifiedTicket, 'principal' | 'name' | 'localName'>

/**
 * Without its realm a name says who somebody is in the own realm alone: `alice` of another one is
 * called `alice@EVIL.TEST`. And so may be an enterprise name of the own one, which some KDCs leave
 * in tickets: that one is not shown without its realm either.
 */
export function namesOf(client: Principal, ownRealm: string, { localName }: AcceptorSettings): Names {
  const principal = formatPrincipal(client)
  const isPlain = client.realm === ownRealm && client.name.nameType !== NameType.ENTERPRISE
  const name = isPlain ? formatName(client.name) : principal
  return { principal, name, localName: localName(client, ownRealm) }
}

/**
 * A ticket that the service itself asked for, in the name of a user as somebody typed it: KDCs such
 * as Samba's leave `ALICE` or `erin.example@corp.example` in it. It is known by the name of the
 * account, which the PAC has, so that one user has one name. The name in the ticket stays that of
 * the evidence, by which a KDC goes. Source: MS-PAC section 2.5, EffectiveName.
 *
 * @param requested the name as it was typed, where the caller knows it
 */
export function underAccountName(
  ticket: VerifiedTicket,
  settings: AcceptorSettings,
  requested: string = ticket.principal,
): VerifiedTicket & { readonly requestedName?: string } {
  // Of a user of another realm the ticket's name has come through that realm's KDC, and its PAC
  // says no more.
  const isOwn = ticket.client.realm === ticket.serviceKey.principal.realm
  const account = isOwn ? ticket.pac?.logonInfo?.effectiveName : undefined
  const names = account && !ticket.anonymous ? namesOfAccount(ticket, account, settings) : ticket
  const requestedName = printableName(requested)
  const isOther = requestedName !== names.principal && requestedName !== names.name
  return { ...ticket, ...pick(names), ...(isOther && { requestedName }) }
}

function namesOfAccount(
  { client, serviceKey, ...ticket }: VerifiedTicket,
  account: string,
  settings: AcceptorSettings,
): Names {
  const name = { nameType: NameType.PRINCIPAL, nameString: [account] }
  if (client.name.nameType !== NameType.ENTERPRISE && sameName(client.name, name)) return ticket
  return namesOf({ name, realm: client.realm }, serviceKey.principal.realm, settings)
}

function pick({ principal, name, localName }: Names): Names {
  return { principal, name, localName }
}
