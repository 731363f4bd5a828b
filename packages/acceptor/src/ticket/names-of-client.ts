/** The names of a client. */

import { formatName, formatPrincipal, NameType, printableName, sameName } from '@s4u/krb5'
import type { Principal } from '@s4u/krb5'
import type { VerifiedTicket } from './verified-ticket.js'
import type { AcceptorSettings } from '../options/acceptor-settings.js'

type Names = Pick<VerifiedTicket, 'principal' | 'name' | 'localName'>

/**
 * Returns the names of a client. A name without a realm identifies a user only within the own
 * realm: `alice` of another realm is shown as `alice@EVIL.TEST`. An enterprise name of the own
 * realm, which some KDCs leave in tickets, may look the same, so it is not shown without its realm
 * either.
 */
export function namesOf(client: Principal, ownRealm: string, { localName }: AcceptorSettings): Names {
  const principal = formatPrincipal(client)
  const isPlain = client.realm === ownRealm && client.name.nameType !== NameType.ENTERPRISE
  const name = isPlain ? formatName(client.name) : principal
  return { principal, name, localName: localName(client, ownRealm) }
}

/**
 * Returns the ticket under the name of the user's account. The service has asked for it with a name
 * that an app has typed, and KDCs such as Samba's leave `ALICE` or `erin.example@corp.example` in
 * the ticket. The PAC has the account's name, so that one user has one name. The evidence keeps the
 * name in the ticket, which a KDC expects. Source: MS-PAC section 2.5, EffectiveName.
 *
 * @param requested the name that was typed, if it is known
 */
export function underAccountName(
  ticket: VerifiedTicket,
  settings: AcceptorSettings,
  requested: string = ticket.principal,
): VerifiedTicket & { readonly requestedName?: string } {
  // The ticket of a user of another realm has come through that realm's KDC, and its PAC says no
  // more than the ticket.
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
